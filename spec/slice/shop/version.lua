-- spec/slice/shop/version.lua -- which version of the shop is in service; every deployment writes another number.
return { number = 0 }
