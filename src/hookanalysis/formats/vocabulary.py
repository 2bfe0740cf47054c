"""The words of free text that are kept: of messages, answers and exceptions all others are masked.

A list, because no rule tells a name from other words: names are written in lower case too. What
stands here is how programs talk of requests and errors; words that are given names are left out.
"""

from __future__ import annotations

# Some are common endings of words, so that a word stands here in one form.
_ENDINGS = "(?:s|es|d|ed|r|er|ing|ly|'t|'s)?"
_WORDS = """
a about above accept access account acknowledg action active actual add added after again against
all allocat allow already also always amount an and another any api app application applied apply
are argument array as ask assert assertion assign async at attachment attempt attribute auth
authentication authoriz authorization availab available aware away back backend backoff bad base
basic batch be because been before began begin behind being below between beyond block bodies body
book booking bool boolean both branch break broke broken broker bucket buffer bug build bulk busy
but by byte cache call callback can cancel cancell cancelled cannot capacity capture case catch
caused celery certificate chain change channel charge check checkout checksum child chunk class
clean clear client clock close code collection column command commit committed complet complete
completed computed condition config configuration configured conflict connect connection consider
constraint consume consumer contain content context continu continue control conver convert cookie
copy core correct correlation could couldn count counter cpu crash creat create created credential
cron csrf currency current custom customer cut daemon dashboard data database date day dead
deadline deadlock debug decline decod decode decoded default defer defined delay delet delete
deliver deliveries delivery denied deny deprecat depth destination detail detect did didn differ
different digest digit direct disabl disabled disabling discard disconnect disk dispatch do does
doesn domain don done down download driver drop due duplicate duration during each early
econnaborted econnrefused econnreset edge ehostunreach either elapsed element else email empty
enabl enabled encod encode encoding encounter end ended endpoint engine enotfound enough enqueu
ensure enter entire entity entries entry environment eof epipe errno error etimedout eval event
every exact exceed except exception exchange exclude execut execute executed execution exhausted
exist exit expect expected expir expire expired expiry explicit export expression external extra
extract fail failed failing failure fallback false fatal feature fetch few field file fill filter
final finaliz find finish first fix flag flush folder follow for forbid forbidden force foreign
form format forward found four fraction free fresh from full function further future gateway gave
general generat generate get give given global gone good got graceful group gzip had hadn half
handl handle handled handler handling handshake hang happen has hash hasn have haven head header
health healthy heartbeat held here hex high hit hmac hold hook host hour how html http https i id
idempotency idempotent identifier idle if ignor ignore illegal image immediate implement import in
inbound include incoming incomplete inconsistent incorrect increas index info inform initial
initializ input insert inside instance instead insufficient int integer integrity interface
internal interrupt into invalid inventory invoice invoke io ip is isn issue it item iteration its
itself job join json just keep kept key kill kind know known label large last late latency later
latest layer lease least leave left length less let level library like limit line link list listen
listener live load local locat location lock log login long longer look lookup loop lost low made
mail main maintenance make malformed manager map mapping match maxim maximum may media member
membership memory merchant message meta metadata method metric middleware migration millisecond min
minimum minute mismatch miss missing mode model modif modified modul module moment more most mount
move ms much multiple must mutex name namespace native need negative network never new next nil no
node non nonce none not note nothing notice notif notification notify now null number object occurr
occurred of off offline offset ok old on once one only oops open operat operation option or order
origin other otherwise our out outbound outcome output outside over overflow overload own pack
package paid pair panic parameter parent parse parsed parser parsing part partial partner passed
patch path pattern payload payment peer pending per perform period permanent permission permitted
persist php ping pipe pipeline place plain plan platform please plus point pointer pool port
position positive possible post pre prefix prepar prepare prepared present previous primary printed
prior priority problem proceed process processed processing processor produc produce producer
product production program progress project promise propert properties property protocol provide
provider proxy publish pull purchase push put python quantity query queue quick quiet quit quota
quote raise raised range rate raw re reach read readable ready real reason receipt receiv receive
received recipient reconnect record recover redeliver redeliveries redelivery redirect redis reduc
reference referer referrer refresh refund refus refuse refused region register registry reject
related release remain remote remov remove render repeat replac replace replay replica reply report
repository request require required requirement reschedul reset resolution resolv resolve resource
respond response rest restart result resum resume retried retries retry return reuse revision revok
right role rollback root rotat round route row rule run runn running runtime safe same save saving
scan schedul schedule scheduled schema scope script search second secret section secure security
see seen segment select self send sender sending sent separate sequence serial serializ server
service session set setting setup several shape shard share shop should showpass shut shutdown side
sign signal signature signed similar simple since single size skip skipp skipped sleep slot slow
small snapshot so socket some source space spawn special specif specified split sql ssl stack stage
stale standard start started state statement static status stay step still stock stop stopp stopped
storage store stored stream strict string structure sub subject submit submitt submitted subscrib
subscriber subscription succeed success successful such sudden suffix suppl support supported
suppress suspend switch sync syntax system table tag take taken target task tcp tell temporar
temporary tenant term terminat terminate test text than that the their them then there these they
thing third this those thread three threshold throttl throttled through throw thrown thus ticket
time timed timeout timestamp timezone tls to todo together token told too took tool top topic total
trace traceback traffic transaction transfer transferr transferred transient transit transport
tried tries trigger triggered true truncat try two type unable unacknowledged unauthorized
unavailable unchanged undefined under underlying unexpected unhandled unicode unique unit unknown
unless unlock unmatched unprocessable unprocessed unreachable unreadable unrecognized unregistered
unsigned unsubscribed unsupported until unused up updat update updated upgrade upload upon upstream
uri url usage use used user using utc utf uuid valid validat validate validated validation
validator value variable variant various vendor verif verification verified verify version very via
view violat violates violation virtual visible void wait warn warning was wasn watch way we web
webhook week well went were weren what when where whether which while whole whose why wide width
window with within without word work worker workflow working would wouldn wrap write writing
written wrong wrote xml yaml year yes yet yield you your zero zip zone
"""
_UNITS = "us|µs|ns|sec|secs|min|mins|kb|mb|gb|kib|mib|gib|k|x|e|s|m|h"
# How exceptions are called: `sqlalchemy.exc.IntegrityError`.
_RAISED = "[a-z_.:]*(?:error|exception|violation|warning|fault)"
_APART = r"[\x00-@\[-`{-\x7f…]"

# Text in lower case of which each word is kept; in the dialect of the database's engine.
KEPT = (
    f"{_APART}*(?:(?:{_RAISED}|(?:{'|'.join(_WORDS.split())}){_ENDINGS}|{_UNITS})(?:{_APART}+|$))*"
)
