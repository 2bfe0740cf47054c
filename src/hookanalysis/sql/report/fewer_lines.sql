/* fewer_lines: components of a delivery in which the edge has fewer lines than requests.
   grain:  one component
   inputs: requests; ?: event, endpoint */
SELECT 1 FROM requests
WHERE layer = 'edge' AND event_uuid = ? AND endpoint_url = ? AND covered
GROUP BY component
HAVING count(*) = max(crowd) AND max(lines) BETWEEN 1 AND count(*) - 1
