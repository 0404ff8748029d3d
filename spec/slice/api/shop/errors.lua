-- spec/slice/api/shop/errors.lua -- codes of the shop; those of the marketplace count where it has none of its own.
return {
  plan_not_found = { status = 400, message = "There is no such plan of that tool" },
  run_not_found = { status = 404, message = "There is no such run of yours" },
}
