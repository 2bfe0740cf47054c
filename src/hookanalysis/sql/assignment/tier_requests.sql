/* tier_requests: what may have left a line in a layer ($layer), as the sender and the layers behind
   it show it.
   grain:  one attempt that may have become a request, an event listed without attempts, or a
           request that only layers behind this one show
   inputs: attempts, endpoint_paths, matches, settings, files, generations

   What an inner layer shows of an attempt, in the time in which it can be this attempt's, is the
   same request; what it shows besides is another (nth > 1), or has no attempt. seen_from and
   seen_until are on the sender's clock; NULL where only a queue or a table shows the request, for
   their rows may be written long after. strayed: a hash of the path that it shows, where that is
   no endpoint's: the URL has been changed since, or a proxy changes it. */
WITH shown_receipts AS (
  SELECT
    *,
    layer IN ('edge', 'app') AS at_once,
    ROW_NUMBER() OVER (
      -- Lines that name the event, and lines that do not, are of the same requests.
      PARTITION BY delivery_no, attempt_key, layer, stream, match_rule = 'time'
      ORDER BY arrived_at, ended_at, http_status, receipt_id
    ) AS nth
  FROM matches
  WHERE (counts OR match_rule = 'time')
    AND list_position(['table', 'queue', 'app', 'edge'], layer)
      <= list_position(['table', 'queue', 'app', 'edge'], $layer)
),
-- Lines of this layer that a request id ties to what an inner layer shows.
linked AS (
  SELECT delivery_no, attempt_key, COUNT(*) AS lines
  FROM matches WHERE layer = $layer AND match_rule = 'request_id' AND NOT counts
  GROUP BY ALL
),
seen AS (
  SELECT
    r.delivery_no, r.attempt_key, r.nth, MIN(event_uuid) AS event_uuid,
    MIN(endpoint_url) AS endpoint_url, MIN(arrived_at) FILTER (at_once) AS seen_from,
    MAX(ended_at) FILTER (at_once) AS seen_until, MAX(http_status) AS http_status,
    BOOL_OR(layer = $layer) OR COALESCE(r.nth <= MAX(l.lines), FALSE) AS here,
    MIN(arrived_at) AS shown_at,
    MAX(hash(path)) FILTER (path NOT IN (SELECT path FROM endpoint_paths)) AS strayed
  FROM shown_receipts AS r
  LEFT JOIN linked AS l
    ON l.delivery_no = r.delivery_no AND l.attempt_key IS NOT DISTINCT FROM r.attempt_key
  GROUP BY r.delivery_no, r.attempt_key, r.nth
),
tried AS (
  SELECT
    a.* EXCLUDE (attempted_at), COALESCE(a.attempted_at, a.created_at) AS attempted_at,
    s.delivery_no IS NOT NULL AS shown, s.seen_from, s.seen_until, s.http_status AS seen_status,
    COALESCE(s.here, FALSE) AS here, COALESCE(s.strayed, 0) AS strayed, g.timeout_s
  FROM attempts AS a
  CROSS JOIN settings AS t
  LEFT JOIN files AS f ON f.file_id = a.file_id
  LEFT JOIN generations AS g ON g.generation_id = f.generation_id
  LEFT JOIN seen AS s
    ON s.delivery_no = a.delivery_no AND s.attempt_key = a.attempt_key AND s.nth = 1
    AND COALESCE(
      s.seen_from <= COALESCE(a.attempted_until, a.attempted_at)
        + 4 * t.timeout_seconds * INTERVAL '1 second', TRUE
    )
  WHERE COALESCE(a.attempted_at, a.created_at) IS NOT NULL
    AND NOT never_left(a.error_kind)
    AND (a.status <> 'none' OR NOT EXISTS (
      SELECT 1 FROM attempts AS o
      WHERE o.event_uuid = a.event_uuid AND o.status <> 'none'
        AND (o.endpoint_url = a.endpoint_url OR a.endpoint_url = '')
    ))
),
surplus AS (
  SELECT s.*
  FROM seen AS s
  LEFT JOIN tried AS t
    ON t.shown AND s.nth = 1 AND t.delivery_no = s.delivery_no AND t.attempt_key = s.attempt_key
  WHERE t.delivery_no IS NULL AND s.shown_at IS NOT NULL
)
SELECT
  t.event_uuid, t.endpoint_url, t.attempt_key, 1 AS nth, p.path_no, t.status,
  epoch_us(t.attempted_at) AS attempted_at, epoch_us(t.attempted_until) AS attempted_until,
  t.latency_ms, t.timeout_s, t.http_status, t.shown,
  epoch_us(t.seen_from) AS seen_from, epoch_us(t.seen_until) AS seen_until, t.seen_status, t.here,
  t.strayed, t.delivery_no
FROM tried AS t JOIN endpoint_paths AS p ON p.endpoint_url = t.endpoint_url
UNION ALL
SELECT
  s.event_uuid, s.endpoint_url, s.attempt_key, s.nth, p.path_no, NULL, NULL, NULL, NULL, NULL,
  NULL, TRUE,
  epoch_us(COALESCE(s.seen_from, s.shown_at)), epoch_us(COALESCE(s.seen_until, s.shown_at)),
  s.http_status, s.here, COALESCE(s.strayed, 0), s.delivery_no
FROM surplus AS s JOIN endpoint_paths AS p ON p.endpoint_url = s.endpoint_url
-- Of several assignments that are as good, the first is taken: the same one every time.
ORDER BY COALESCE(attempted_at, seen_from), event_uuid, endpoint_url, attempt_key, nth
