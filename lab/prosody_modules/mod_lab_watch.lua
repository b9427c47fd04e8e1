-- Writes one line into the log for each stream that came up or did not, and for each message that
-- reached a host, as JSON behind the word "watch".  Messages end here: nobody answers them.

module:set_global();

local json = require "util.json";

local function tell(what)
	module:log("info", "watch %s", json.encode(what));
end

local function domain_and_other(session)
	if session.direction == "outgoing" then
		return session.from_host, session.to_host;
	end
	return session.to_host, session.from_host;
end

local function method(session)
	if session.external_auth == "succeeded" then
		return "SASL over TLS";
	end
	return session.secure and "TLS dialback" or "TCP dialback";
end

local function on_ready(event)
	local session = event.session;
	local domain, other = domain_and_other(session);
	tell { kind = "ready", direction = session.direction, domain = domain, other = other,
		detail = method(session) };
end

local function on_destroyed(event)
	local session = event.session;
	local domain, other = domain_and_other(session);
	if domain and session.type:match("_unauthed$") then
		tell { kind = "closed", direction = session.direction, domain = domain, other = other,
			detail = tostring(event.reason or "") };
	end
end

module:hook("s2sin-established", on_ready);
module:hook("s2sout-established", on_ready);
module:hook("s2s-destroyed", on_destroyed);

function module.add_host(host)
	host:hook("message/bare", function (event)
		local stanza = event.stanza;
		tell { kind = stanza.attr.type == "error" and "bounced" or "got", direction = "incoming",
			domain = host.host, detail = stanza:get_child_text("body") or stanza.attr.id };
		return true;
	end, 1000);
end
