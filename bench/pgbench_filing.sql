\set n random(1, 1000000000)
WITH ids AS (SELECT gen_random_uuid() AS complaint, gen_random_uuid() AS ticket, gen_random_uuid() AS event, nextval('ticket_numbers') AS seq, now() AS at),
filed AS (INSERT INTO complaints (id, ticket_id, channel, channel_message_id, words, category_hint, place_words, place_code, confidential, wants_answer, call_id, filed_by_account_id, happened_at, received_at)
  SELECT complaint, ticket, 'hotline', complaint::text || '#1', '礼士镇太平村的水管爆了，半夜两点水漫到路上。', 'water.pipe', '老水井旁', 'village', false, true, complaint::text, (SELECT id FROM accounts LIMIT 1), at, at FROM ids
  ON CONFLICT (channel, channel_message_id) DO NOTHING RETURNING id),
t AS (INSERT INTO tickets (id, number, status, version, chain_head, round, source, channel, category_code, category_version, urgency, privacy, place_unit_id, area_path, received_at, recorded_at, updated_at)
  SELECT ticket, '20261122-' || seq || '-7', 'received', 1, decode(md5(ticket::text) || md5(event::text), 'hex'), 1, 'complaint', 'hotline', 'water.pipe', 1, 'urgent', 'normal', (SELECT id FROM units WHERE code = 'village'), '/441624/village/', at, at, at FROM ids),
k AS (INSERT INTO complainants (complaint_id, row_key, sealed, phone_index, recorded_at)
  SELECT complaint, decode(repeat('ab', 60), 'hex'), decode(repeat('cd', 100), 'hex'), decode(md5(complaint::text) || md5(ticket::text), 'hex'), at FROM ids),
c AS (INSERT INTO clocks (id, ticket_id, round, stage, turn, state, started_at, first_due_at, due_at, limit_amount, limit_unit, provisional, level, next_level_at)
  SELECT gen_random_uuid(), ticket, 1, 'dispatch', 1, 'running', at, at + interval '2 hours', at + interval '2 hours', 120, 'minutes', false, 0, at + interval '2 hours' FROM ids),
e AS (INSERT INTO events (id, subject_kind, subject_id, seq, type, happened_at, recorded_at, actor_kind, actor_account_id, data, previous_hash, hash)
  SELECT event, 'ticket', ticket, 1, 'ticket.received', at, at, 'member', (SELECT id FROM accounts LIMIT 1), jsonb_build_object('number', '20261122-' || seq || '-7', 'channel', 'hotline', 'source', 'complaint', 'category', 'water.pipe', 'category_version', 1, 'urgency', 'urgent', 'privacy', 'normal', 'place_unit_id', ticket, 'surface_to_id', NULL, 'complaint_id', complaint), ''::bytea, decode(md5(ticket::text) || md5(event::text), 'hex') FROM ids),
d AS (INSERT INTO deliveries (id, event_id, handler, subject_id, due_at)
  SELECT gen_random_uuid(), event, handler, ticket, at FROM ids, unnest(ARRAY['route', 'notify', 'count']) AS handler)
SELECT seq FROM ids;
