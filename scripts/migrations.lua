-- scripts/migrations.lua -- the range of migration numbers of each area, so that areas do not clash.
-- An area is the folder that contains `migrations` (gateway/migrations, api/gateway/migrations).  Areas that are not
-- listed use 9000 and up, the operators' own numbers.

return {
  agent = { 0, 999 },
  api = { 0, 999 },
  gateway = { 1000, 1999 },
  marketplace = { 2000, 2999 },
}
