-- Sends the requests of a file in turn. Each line has a path, then names and values of headers, separated by tabs.
-- Prints the result as JSON.
local requests, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local fields = {}
    for field in line:gmatch("[^\t]+") do fields[#fields + 1] = field end
    local headers = { Host = wrk.headers["Host"] }
    for index = 2, #fields, 2 do headers[fields[index]] = fields[index + 1] end
    requests[#requests + 1] = wrk.format("GET", fields[1], headers)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary)
  local errors = summary.errors
  io.write(string.format('\n{"requests": %d, "micros": %d, "errors": %d}\n', summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
