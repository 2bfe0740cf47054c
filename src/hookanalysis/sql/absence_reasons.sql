/* absence_reasons: why the absence of a request proves nothing, and what would settle it.
   grain:  one delivery of `absences` of which not all layers are covered
   inputs: absences, serving_streams, log_ends, hole_reasons, doubts,
           quarantined_logs, generations

   The reason is a code, a colon, and words. Times are those that the log itself shows. */
WITH doubt_words AS (
  SELECT
    endpoint_url, reason,
    reason || ': ' || CASE
      WHEN reason = 'not_bracketed' THEN 'the sender calls it delivered, and the logs show too few '
        || 'requests to this endpoint before and after; load more of its logs'
      WHEN reason = 'dst_ambiguous' THEN MIN(about) || ' names local times that the clock showed '
        || 'twice; export it with times that name their zone'
      WHEN reason = 'tz_suspect' THEN MIN(about) || ' the exports: one of the two was read in a '
        || 'wrong zone; load both into a new workspace with the right timezone'
      WHEN MIN(about) IS NOT NULL THEN MIN(about) || ' is said to be sampled; load a whole log'
      ELSE 'the logs lack ' || CAST(MAX(lacking) AS VARCHAR) || ' of '
        || CAST(MAX(answers) AS VARCHAR) || ' requests to this endpoint that the sender saw '
        || 'answered; load the logs of all its hosts'
        || CASE reason WHEN 'sampled' THEN ', or one that holds every request' ELSE '' END
    END AS words
  FROM doubts
  GROUP BY endpoint_url, reason
),
logs AS (
  SELECT COUNT(*) AS logs FROM generations WHERE side = 'receiver'
),
unproven AS (
  SELECT
    event_uuid, endpoint_url, possible_from, possible_until, outer_covered,
    CASE WHEN outer_covered THEN inner_doubt ELSE doubt END AS doubt
  FROM absences
  WHERE NOT outer_covered OR NOT processing_covered
),
stream_reasons AS (
  SELECT
    u.event_uuid, u.endpoint_url,
    MIN(CASE
      WHEN q.stream IS NOT NULL AND (h.reason IS NOT NULL OR u.possible_from < e.starts_at
        OR u.possible_until > e.ends_at OR e.stream IS NULL)
        THEN 'quarantined: file ' || q.file_name || ' of stream ' || v.stream
          || ' was refused; load it whole'
      WHEN h.reason IS NOT NULL THEN h.reason
      WHEN e.stream IS NULL THEN 'no_times: stream ' || v.stream || ' shows no times'
      WHEN u.possible_until > e.ends_at THEN e.ends_reason
      WHEN u.possible_from < e.starts_at THEN e.begins_reason
    END) AS reason
  FROM unproven AS u
  JOIN serving_streams AS v
    ON v.endpoint_url = u.endpoint_url AND (v.depth = 1) = (NOT u.outer_covered)
  LEFT JOIN log_ends AS e ON e.stream = v.stream
  LEFT JOIN quarantined_logs AS q ON q.stream = v.stream
  LEFT JOIN hole_reasons AS h
    ON h.stream = v.stream AND h.starts_at < u.possible_until AND h.ends_at > u.possible_from
  GROUP BY u.event_uuid, u.endpoint_url
)
SELECT
  u.event_uuid,
  u.endpoint_url,
  CASE
    WHEN s.event_uuid IS NOT NULL THEN COALESCE(
      s.reason, d.words, 'no_liveness: the logs that serve the endpoint do not testify all at once'
    )
    WHEN l.logs > 0 AND u.endpoint_url = '' THEN 'endpoint_unnamed: the export does not tell its '
      || 'endpoint; name it: endpoints = ["https://…"] in hookanalysis.toml, and load again'
    WHEN l.logs > 0 THEN 'endpoint_not_logged: no loaded log shows a request to '
      || u.endpoint_url || '; load the log of the server behind it'
    ELSE 'no_receiver_log: no log of the receiver is loaded; load the one of that time'
  END AS reason
FROM unproven AS u
CROSS JOIN logs AS l
LEFT JOIN stream_reasons AS s
  ON s.event_uuid = u.event_uuid AND s.endpoint_url = u.endpoint_url
LEFT JOIN doubt_words AS d ON d.endpoint_url = u.endpoint_url AND d.reason = u.doubt
