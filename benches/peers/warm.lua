-- What wrk asks in warm.sh: the lines of a list (a path, and perhaps an entity tag after a space) one
-- after the other, each thread from a place of its own on; at the end one line of figures.
-- Arguments: the list, then "keep" or "close" for the connections.

math.randomseed(os.time())

function setup(thread)
    -- Few answers of a slow server must not be those of the same tiles in each run.
    thread:set("first", math.random(1000000))
end

function init(args)
    requests, asked = {}, first
    for line in io.lines(args[1]) do
        local path, tag = line:match("^(%S+) ?(.*)$")
        local headers = { ["Accept-Encoding"] = "gzip", ["Host"] = wrk.headers["Host"] }
        if tag ~= "" then headers["If-None-Match"] = tag end
        if args[2] == "close" then headers["Connection"] = "close" end
        requests[#requests + 1] = wrk.format("GET", path, headers)
    end
end

function request()
    asked = asked + 1
    return requests[asked % #requests + 1]
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format("FIGURES %d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,
        failed, latency:percentile(50), latency:percentile(99)))
end
