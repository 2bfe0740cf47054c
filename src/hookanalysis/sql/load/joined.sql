/* joined: the first and the last exception of a trace, of which {{known}} was known before.
   grain:  an expression: two lines, or one where they are the same
   inputs: {{known}} (NULL, or such a text), {{first}}, {{last}} (of what follows it); level and
           step of the line

   Good news raises nothing: a trace below it is another writer's. */
CASE
  WHEN level IN ('debug', 'info') OR step IN ('processed', 'duplicate') THEN {{known}}
  WHEN coalesce(split_part({{known}}, chr(10), 1), {{first}}) = {{last}} THEN {{last}}
  ELSE coalesce(split_part({{known}}, chr(10), 1), {{first}}) || chr(10) || {{last}}
END
