/* absence_reasons: why the absence of a request proves nothing, and what would settle it.
   grain:  one delivery of `absences` that is not outer_covered
   inputs: absences, serving_streams, stream_spans, generations

   The reason is a code, a colon, and words. Times are those that the log itself shows. */
WITH log_ends AS (
  SELECT
    stream, MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
    SUBSTRING(CAST(MIN(logged_from) AS VARCHAR), 1, 16) || ' UTC' AS logged_from,
    SUBSTRING(CAST(MAX(logged_until) AS VARCHAR), 1, 16) || ' UTC' AS logged_until
  FROM stream_spans
  GROUP BY stream
),
holes AS (
  SELECT
    stream, starts_at, ends_at, reason,
    ' between ' || SUBSTRING(CAST(logged_from AS VARCHAR), 1, 16)
      || ' and ' || SUBSTRING(CAST(logged_until AS VARCHAR), 1, 16) || ' UTC' AS between_words
  FROM stream_spans
  WHERE NOT covered
),
receiver_logs AS (
  SELECT COUNT(*) AS logs FROM generations WHERE side = 'receiver'
),
unproven AS (
  SELECT event_uuid, endpoint_url, possible_from, possible_until
  FROM absences
  WHERE NOT outer_covered
),
stream_reasons AS (
  SELECT
    u.event_uuid, u.endpoint_url,
    CASE
      WHEN NOT v.trusted THEN 'unlinked_lines: stream ' || v.stream
        || ' has lines that fit no event, or lacks many that the sender calls delivered;'
        || ' load the logs of all hosts, check the clock, log the uuid'
      WHEN h.reason = 'no_liveness' THEN 'no_liveness: stream ' || v.stream || ' is silent'
        || h.between_words || '; load the file of that time'
      WHEN h.reason = 'rotation_hole' THEN 'rotation_hole: no file of stream ' || v.stream
        || ' tells of the time' || h.between_words || '; load the rotated one'
      WHEN h.reason = 'rejected_lines' THEN 'rejected_lines: stream ' || v.stream
        || ' has unreadable lines' || h.between_words || '; look at its rejects'
      WHEN h.reason = 'truncated' THEN 'truncated: stream ' || v.stream || ' is cut off'
        || h.between_words || '; load the whole file'
      WHEN e.stream IS NULL THEN 'no_times: stream ' || v.stream || ' shows no times'
      WHEN u.possible_until > e.ends_at THEN 'after_last_log: stream ' || v.stream || ' ends '
        || e.logged_until || '; load its next file'
      WHEN u.possible_from < e.starts_at THEN 'before_first_log: stream ' || v.stream || ' begins '
        || e.logged_from || '; load its earlier file'
    END AS reason
  FROM unproven AS u
  JOIN serving_streams AS v ON v.endpoint_url = u.endpoint_url AND v.depth = 1
  LEFT JOIN log_ends AS e ON e.stream = v.stream
  LEFT JOIN holes AS h
    ON h.stream = v.stream AND h.starts_at < u.possible_until AND h.ends_at > u.possible_from
)
SELECT
  u.event_uuid,
  u.endpoint_url,
  COALESCE(
    MIN(s.reason),
    CASE
      WHEN COUNT(s.event_uuid) > 0
        THEN 'no_liveness: the logs that serve the endpoint do not testify all at once'
      WHEN MAX(r.logs) > 0 THEN 'endpoint_not_logged: no loaded log shows a request to this '
        || 'endpoint; load the log of the server behind it'
      ELSE 'no_receiver_log: no log of the receiver is loaded; load the one of that time'
    END
  ) AS reason
FROM unproven AS u
CROSS JOIN receiver_logs AS r
LEFT JOIN stream_reasons AS s
  ON s.event_uuid = u.event_uuid AND s.endpoint_url = u.endpoint_url
GROUP BY u.event_uuid, u.endpoint_url
