// Verifies a webhook of Covenant with Go's own library.
//
//	verify WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE SECRET... < body
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

// Event is a domain event.
type Event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Sequence *int64          `json:"sequence"`
	Data     json.RawMessage `json:"data"`
}

// Headers of a request.
type Headers struct{ ID, Timestamp, Signature string }

// Verify returns the event. body has the bytes as they were received.
func Verify(body []byte, headers Headers, secrets []string) (event Event, err error) {
	seconds, err := strconv.ParseInt(headers.Timestamp, 10, 64)
	// Without this, a recorded request could be sent again.
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return event, errors.New("the time is more than five minutes from now")
	}
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			return event, errors.New("the secret is not base64")
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.", headers.ID, headers.Timestamp)
		mac.Write(body)
		expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		// During a rotation there are several, separated by spaces.
		for _, signature := range strings.Split(headers.Signature, " ") {
			if hmac.Equal([]byte(signature), expected) {
				return event, json.Unmarshal(body, &event)
			}
		}
	}
	return event, errors.New("no signature fits")
}

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err == nil && len(os.Args) > 4 {
		var event Event
		event, err = Verify(body, Headers{os.Args[1], os.Args[2], os.Args[3]}, os.Args[4:])
		if err == nil {
			json.NewEncoder(os.Stdout).Encode(event)
			return
		}
	}
	fmt.Fprintln(os.Stderr, "refused:", err)
	os.Exit(1)
}
