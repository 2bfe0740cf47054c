/* unwrap: the rows of a relation without one wrapper around their records.
   grain:  one row of {{source}}
   inputs: {{source}}: line, byte_offset, record, outer_time; {{opened}} (the record, taken apart);
           {{inner}}, {{time}} (what it says, over `opened`; no inner line: it is not wrapped)

   Of several wrappers' times the innermost counts: it is nearest to the event. What is inside is
   one line: line ends in it become spaces. A list of numbers is how journald writes bytes. */
WITH taken AS (
  SELECT line, byte_offset, record, outer_time, {{opened}} AS opened FROM {{source}}
),
found AS (
  SELECT line, byte_offset, record, outer_time, {{inner}} AS inner_line, {{time}} AS inner_time
  FROM taken
),
decoded AS (
  SELECT * REPLACE (
    unended(CASE
      WHEN starts_with(inner_line, '[') AND regexp_full_match(inner_line, '\[[0-9, ]+\]')
        AND NOT contains(record, '"' || inner_line)
        THEN coalesce(TRY(decode(unhex(array_to_string(list_transform(
          TRY_CAST(inner_line AS UTINYINT[]), lambda byte: printf('%02x', byte)
        ), '')))), inner_line)
      ELSE inner_line
    END) AS inner_line
  )
  FROM found
),
bare AS (
  SELECT
    *,
    CASE
      WHEN contains(inner_line, chr(10)) OR contains(inner_line, chr(13))
        THEN regexp_replace(uncoloured(inner_line), '\s*[\r\n]+', ' ', 'g')
      ELSE uncoloured(inner_line)
    END AS bare_line
  FROM decoded
)
SELECT
  line, byte_offset,
  coalesce(bare_line, record) AS record,
  CASE WHEN inner_line IS NOT NULL THEN coalesce(inner_time, outer_time) ELSE outer_time END
    AS outer_time
FROM bare
