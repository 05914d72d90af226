-- Sends the requests of a file as they are, all of one size: FILE, bytes of a request, how many there are, the first to send.
-- Begins anew after the last; what was answered is printed as JSON.
local file, record, count

function setup(thread)
  client = thread
end

function init(args)
  record = tonumber(args[2])
  count = tonumber(args[3])
  next = tonumber(args[4])
  used = 0
  file = assert(io.open(args[1], "rb"))
  file:setvbuf("full", 1048576)
  file:seek("set", next * record)
end

function request()
  if next == count then
    next = 0
    file:seek("set", 0)
  end
  next = next + 1
  used = used + 1
  return file:read(record)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"answers":%d,"refused":%d,"broken":%d,"used":%d,"duration":%d,"p50":%d,"p99":%d,"p999":%d,"max":%d}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    client:get("used"), summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max
  ))
end
