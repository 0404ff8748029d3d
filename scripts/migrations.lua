-- scripts/migrations.lua -- which numbers the migrations of an area have, so that areas grow without a clash.
-- An area is the folder that holds `migrations` (gateway/migrations, api/gateway/migrations).  Areas that are not
-- here have 9000 and up, which are the operators' own.

return {
  agent = { 0, 999 },
  api = { 0, 999 },
  gateway = { 1000, 1999 },
  marketplace = { 2000, 2999 },
}
