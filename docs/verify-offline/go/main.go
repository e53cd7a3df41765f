// Verifies the certificate of a license without a connection, with go-jose.
//
// Usage: verify <product id> <certificate> <file with keys>...
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// How far the clock of the device may be wrong.
const clockTolerance = time.Minute

type keySource func() (*jose.JSONWebKeySet, error)

// verifyLicense returns the claims of a certificate. The sources are read in order until one has the key of the certificate: first the stored
// keys, then GET /api/v1/products/{id}/jwks.json, because a new key may sign since.
func verifyLicense(certificate, productID string, sources []keySource) (map[string]any, error) {
	token, err := jwt.ParseSigned(certificate, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, err
	}
	header := token.Headers[0]
	if header.ExtraHeaders[jose.HeaderType] != "license+jwt" {
		return nil, errors.New("this is not a certificate of a license")
	}
	for _, readKeys := range sources {
		keys, err := readKeys()
		if err != nil {
			return nil, err
		}
		found := keys.Key(header.KeyID)
		if len(found) != 1 {
			continue
		}
		var registered jwt.Claims
		var claims map[string]any
		if err := token.Claims(found[0], &registered, &claims); err != nil {
			return nil, err
		}
		expected := jwt.Expected{AnyAudience: jwt.Audience{productID}, Time: time.Now()}
		if err := registered.ValidateWithLeeway(expected, clockTolerance); err != nil {
			return nil, err
		}
		if registered.ID == "" {
			return nil, errors.New("the certificate has no license key")
		}
		return claims, nil
	}
	return nil, errors.New("the key of the certificate is unknown")
}

func fileWithKeys(path string) keySource {
	return func() (*jose.JSONWebKeySet, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var keys jose.JSONWebKeySet
		return &keys, json.Unmarshal(text, &keys)
	}
}

func main() {
	var sources []keySource
	for _, path := range os.Args[3:] {
		sources = append(sources, fileWithKeys(path))
	}
	claims, err := verifyLicense(os.Args[2], os.Args[1], sources)
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(claims)
}
