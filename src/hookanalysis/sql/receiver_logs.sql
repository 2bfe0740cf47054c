/* receiver_logs: the receiver's logs, also those of which every file was refused.
   grain:  one stream; layer NULL where nobody could tell it
   inputs: generations, quarantined_logs */
SELECT layer, stream FROM generations WHERE side = 'receiver'
UNION
SELECT layer, stream FROM quarantined_logs
