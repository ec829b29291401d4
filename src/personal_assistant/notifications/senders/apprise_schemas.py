"""Which of Apprise's services are offered: those that are reached by HTTPS alone.

Left out is what runs programs, reads or writes files, speaks to this machine's desktop or log, or connects in a way
that `private_hosts` cannot watch. A service that a later Apprise brings is offered when it has been looked at.
"""

from difflib import get_close_matches

from personal_assistant.notifications.model import AddressError


def _all(names: str) -> frozenset[str]:
    return frozenset(names.split())


OFFERED = _all(
    """
    46elks acs apprise apprises atalk awswhatsapp azure bale bark barks betterstack bluesky brevo bsky bulksms
    bulkvs burstsms chanify clickatell clicksend cliq cm d7sms dapnet dingtalk discord dot eight00com elks emby
    embys enigma2 enigma2s evolution evolutions exotel feishu firehydrant flock flowtriq flowtriqs fluxer
    fluxers form forms freemobile gchat github goalert goalerts gorush gorushs gotify gotifys groundmail groupme
    guilded gupshup hassio hassios httpsms humhub humhubs ifttt ilert incidentio infobip instagram jellyfin
    jellyfins jira join json jsons kakao kakaotalk kaleyra kavenegar klr kodi kodis kook kudosity kumulos
    lametric lametrics lark lauther lfg line mailersend mailgun mastodon mastodons matrix matrixs misskey
    misskeys mmost mmosts mobilemessage mobilemsg msg91 msgbird ncloud nclouds nctalk nctalks nexmo notica
    noticas notifiarr notifico notificos notifyapp notifyre ntfy ntfys o365 octopush onebot onebots onesignal
    opsgenie opsimate opsimates pagerduty pagertree parsep parseps pbul pinglet pinglets pingram pjet pjets
    plivo postmark pover prowl psafer psafers push pushdeer pushdeers pushed pushme pushplus pushward pushy qq
    reddit resend revolt ringc rocket rockets ryver schan sendgrid sendpulse serwersms ses session sessions
    seven sfr signal signalgrid signals signl4 simplepush sinch slack smsc smseagle smseagles smsmanager smsmgr
    smstunnel smtp2go sns sogs sparkpost spike splunk spugpush spush squadcast stackfield strmlabs synology
    synologys telesign telnyx tgram threema toot toots trigv trigvs tweet twilio twist twitter viber victorops
    voipms vonage webex wechat wecom wecombot whapi whatsapp workflow workflows wpush wxpusher wxteams x xbmc
    xbmcs xmatters xml xmls youlmk zalo zcliq zohocliq zoom zulip
    """
)

_MAIL = frozenset(("mailto", "mailtos"))
_WEB = frozenset(("http", "https"))
_LOCAL = frozenset(
    ("blink1", "dbus", "file", "gio", "glib", "gnome", "growl", "kde", "macosx", "qt", "syslog", "windows")
)
_OTHER_WAYS = _all(
    """
    amqp amqps aprs deltachat deltachats fcm irc ircs mqtt mqtts nostr rsyslog smpp smpps vapid xmpp xmpps
    """
)


def refuse_schema(schema: str) -> AddressError:
    """Why a URL that begins so cannot be used, and what would do."""
    if schema in _MAIL:
        return AddressError("Mail has a channel of its own: `assistant channels add email`.")
    if schema in _WEB:
        return AddressError("No service is known for that URL. For one of your own, add it to the channel webhook.")
    if schema in _LOCAL:
        return AddressError(f"{schema}:// speaks to the machine that the assistant runs on, and is not offered.")
    if schema in _OTHER_WAYS:
        return AddressError(f"{schema}:// is not reached by HTTPS alone, and is not offered.")
    if not (schema.isascii() and schema.isalnum() and len(schema) <= 20):
        return AddressError("The URL of a service begins with its name, like tgram://, ntfys:// or twilio://.")
    near = get_close_matches(schema, OFFERED, n=3)
    hint = f" Did you mean {' or '.join(f'{it}://' for it in near)}?" if near else ""
    return AddressError(f"There is no service {schema}://.{hint} All are on https://appriseit.com/services/.")
