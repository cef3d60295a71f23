# A Rack application that answers slowly: the first bytes at once, the last a second later.
class Slow
  def each
    yield "begun\n"
    sleep 1
    yield "answered\n"
  end
end
run ->(_environment) { [200, { "content-type" => "text/plain" }, Slow.new] }
