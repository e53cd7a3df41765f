"""Verifies the certificate of a license without a connection, with PyJWT (pip install "PyJWT[crypto]").

Usage: verify.py <product id> <certificate> <file with keys>...
"""

import json
import sys

import jwt

# How far the clock of the device may be wrong, in seconds.
CLOCK_TOLERANCE = 60


def verify_license(certificate, product_id, key_sources):
    """Returns the claims of a certificate, or raises jwt.PyJWTError.

    key_sources are read in order until one has the key of the certificate: first the stored keys, then
    GET /api/v1/products/{id}/jwks.json, because a new key may sign since.
    """
    header = jwt.get_unverified_header(certificate)
    if header.get("alg") != "EdDSA" or header.get("typ") != "license+jwt":
        raise jwt.InvalidTokenError("this is not a certificate of a license")
    for read_keys in key_sources:
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(read_keys()).keys}
        key = keys.get(header.get("kid"))
        if key is not None:
            return jwt.decode(
                certificate,
                key.key,
                algorithms=["EdDSA"],
                audience=product_id,
                leeway=CLOCK_TOLERANCE,
                options={"require": ["aud", "jti"]},
            )
    raise jwt.InvalidTokenError("the key of the certificate is unknown")


def file_with_keys(path):
    def read():
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    return read


if __name__ == "__main__":
    _, product_id, certificate, *paths = sys.argv
    try:
        print(json.dumps(verify_license(certificate, product_id, [file_with_keys(path) for path in paths])))
    except jwt.PyJWTError as error:
        sys.exit(f"refused: {error}")
