-- Whoever brings, word for word, what another agent has just said is that agent, however it was introduced.
create index agent_events_words on agent_events (md5(content->>'content'), created_at)
  where type in ('send-message', 'send-reply');
