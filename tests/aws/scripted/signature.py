"""Who signed a request, and whether botocore would have signed it like that."""

import datetime
import hmac
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .wire import ApiError

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, "
    r"?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
SIGNING_NAMES = {"ecs": "ecs", "elbv2": "elasticloadbalancing", "sts": "sts"}
MUST_BE_SIGNED = {"host", "x-amz-date"}


def read(call):
    """The parts of the Authorization header; sets the call's key and region."""
    found = AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
    if not found:
        raise ApiError("MissingAuthenticationToken", "no SigV4 Authorization header", 403)
    call.key, day, call.region, service, signed, signature = found.groups()
    return {"day": day, "service": service, "signed": signed.split(";"), "signature": signature}


def check(call, parts, secret, token, now=None, most_skew=None):
    """Raises ApiError unless the request is signed as it should be with this secret. With `most_skew`
    seconds, also when its X-Amz-Date is further than that from `now`."""
    if parts["service"] != SIGNING_NAMES.get(call.service):
        raise ApiError("InvalidSignatureException",
                       f"signed for {parts['service']}, not for {call.service}", 403)
    date = call.headers.get("x-amz-date", "")
    if not date.startswith(parts["day"]):
        raise ApiError("InvalidSignatureException", "X-Amz-Date is not of the scope's day", 403)
    if token != call.headers.get("x-amz-security-token"):
        raise ApiError("UnrecognizedClientException", "The security token is invalid", 403)
    needed = MUST_BE_SIGNED | {h for h in call.headers if h.startswith("x-amz-")}
    if "content-type" in call.headers:
        needed.add("content-type")
    if missing := sorted(needed - set(parts["signed"])):
        raise ApiError("InvalidSignatureException", f"not signed: {', '.join(missing)}", 403)
    if not hmac.compare_digest(_expected(call, parts, secret, token), parts["signature"]):
        raise ApiError("InvalidSignatureException", "The request signature we calculated does not "
                       "match the signature you provided.", 403)
    if most_skew is not None:
        _check_age(call, date, now, most_skew)


def _expected(call, parts, secret, token):
    headers = {name: value for name, value in call.headers.items() if name in parts["signed"]}
    request = AWSRequest(method=call.method, url=f"http://{call.headers['host']}{call.path}",
                         data=call.body, headers=headers)
    request.context["timestamp"] = call.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(call.key, secret, token), parts["service"], call.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return signer.signature(text, request)


def _check_age(call, date, now, most_skew):
    signed_at = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp()
    if abs(signed_at - now) <= most_skew:
        return
    verb = "expired" if signed_at < now else "not yet current"
    code = "InvalidSignatureException" if call.service == "ecs" else "SignatureDoesNotMatch"
    raise ApiError(code, f"Signature {verb}: {date} is more than {int(most_skew)} s away from "
                   "the server's time", 403)
