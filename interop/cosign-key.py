"""Judges plimsoll's key files and signatures with pyca/cryptography and PyNaCl.

    cosign-key.py DIR     every key of DIR (written by the example interop-fixtures), password "interop"

Exit code: 0 all as expected, 1 otherwise (an assertion or the library says which).
"""

import base64
import json
import pathlib
import sys

import nacl.secret
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_public_key,
)

EC_HASHES = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}


def private_key(path):
    lines = path.read_text().strip().splitlines()
    assert lines[0] == "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----", lines[0]
    file = json.loads(base64.b64decode("".join(lines[1:-1]), validate=True))
    params = file["kdf"]["params"]
    assert (params["N"], params["r"], params["p"]) == (65536, 8, 1), params
    salt = base64.b64decode(file["kdf"]["salt"], validate=True)
    secret = Scrypt(salt=salt, length=32, n=params["N"], r=params["r"], p=params["p"]).derive(b"interop")
    nonce = base64.b64decode(file["cipher"]["nonce"], validate=True)
    ciphertext = base64.b64decode(file["ciphertext"], validate=True)
    return load_der_private_key(nacl.secret.SecretBox(secret).decrypt(ciphertext, nonce), None)


def check_bundle(path, public, spki):
    bundle = json.loads(path.read_text())
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    hint = bundle["verificationMaterial"]["publicKey"]["hint"]
    assert hint == base64.b64encode(digest.finalize()).decode(), hint
    envelope = bundle["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(signature, message)
    else:
        public.verify(signature, message, ec.ECDSA(EC_HASHES[public.curve.key_size]()))


def main():
    directory = pathlib.Path(sys.argv[1])
    keys = sorted(directory.glob("*.key"))
    assert keys, "no key files"
    for path in keys:
        public = load_pem_public_key(path.with_suffix(".pub").read_bytes())
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        own = private_key(path).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert own == spki, f"{path}: the public half differs"
        for what in ("sign", "attest"):
            check_bundle(directory / f"{path.stem}-{what}.sigstore.json", public, spki)
        print(f"ok   {path.stem}: key file opens, public half, hint and both signatures agree")


if __name__ == "__main__":
    main()
