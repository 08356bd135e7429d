// A third implementation of the link, on flynn/noise and Go's own cryptography. Same arguments and
// same conversation as noise_peer.py, which describes them.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"os"

	"github.com/flynn/noise"
	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/curve25519"
)

const chunkMax = 65000

var in = bufio.NewReader(os.Stdin)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readExactly(n int) []byte {
	data := make([]byte, n)
	_, err := io.ReadFull(in, data)
	must(err)
	return data
}

func readRecord() []byte {
	return readExactly(int(binary.BigEndian.Uint16(readExactly(2))))
}

func write(data []byte) {
	_, err := os.Stdout.Write(data)
	must(err)
}

func writeRecord(data []byte) {
	length := make([]byte, 2)
	binary.BigEndian.PutUint16(length, uint16(len(data)))
	write(append(length, data...))
}

type session struct {
	sending, receiving   *noise.CipherState
	binding, peer, hello []byte
}

func handshake(role string, keys noise.DHKey, serverPublic []byte) session {
	id := blake2b.Sum512(serverPublic)
	header := append([]byte("SLCE\x01\x00"), id[:2]...)
	client := role == "client"
	if client {
		write(header)
	} else if string(readExactly(8)) != string(header) {
		must(fmt.Errorf("another header than expected"))
	}
	config := noise.Config{
		CipherSuite:   noise.NewCipherSuite(noise.DH25519, noise.CipherChaChaPoly, noise.HashBLAKE2b),
		Pattern:       noise.HandshakeXK,
		Initiator:     client,
		Prologue:      append([]byte("Sluice v1"), header...),
		StaticKeypair: keys,
	}
	if client {
		config.PeerStatic = serverPublic
	}
	state, err := noise.NewHandshakeState(config)
	must(err)
	var s session
	var first, second *noise.CipherState
	for message := 0; message < 3; message++ {
		var out []byte
		if client == (message%2 == 0) {
			var payload []byte
			if message == 2 {
				payload = []byte("hello from go")
			}
			out, first, second, err = state.WriteMessage(nil, payload)
			must(err)
			writeRecord(out)
		} else {
			out, first, second, err = state.ReadMessage(nil, readRecord())
			must(err)
			s.hello = out
		}
	}
	s.sending, s.receiving = first, second
	if !client {
		s.sending, s.receiving = second, first
	}
	s.binding, s.peer = state.ChannelBinding(), state.PeerStatic()
	return s
}

func (s *session) send(message []byte) {
	total := make([]byte, 4)
	binary.BigEndian.PutUint32(total, uint32(len(message)))
	for first := true; first || len(message) > 0; first = false {
		n := len(message)
		if n > chunkMax-5 {
			n = chunkMax - 5
		}
		if n > 1 && rand.Intn(2) == 0 {
			n = 1 + rand.Intn(n)
		}
		chunk := []byte{0}
		if n == len(message) {
			chunk[0] = 1
		}
		if first {
			chunk = append(chunk, total...)
		}
		sealed, err := s.sending.Encrypt(nil, nil, append(chunk, message[:n]...))
		must(err)
		writeRecord(sealed)
		message = message[n:]
	}
}

func (s *session) receive() []byte {
	var message []byte
	total := -1
	for {
		chunk, err := s.receiving.Decrypt(nil, nil, readRecord())
		must(err)
		flags, body := chunk[0], chunk[1:]
		if total < 0 {
			total = int(binary.BigEndian.Uint32(body))
			body = body[4:]
		}
		message = append(message, body...)
		if flags == 1 {
			if len(message) != total {
				must(fmt.Errorf("a frame of another length than declared"))
			}
			return message
		}
	}
}

func main() {
	role := os.Args[1]
	secret, err := hex.DecodeString(os.Args[2])
	must(err)
	public, err := curve25519.X25519(secret, curve25519.Basepoint)
	must(err)
	serverPublic := public
	if role == "client" {
		serverPublic, err = hex.DecodeString(os.Args[3])
		must(err)
	}
	keys := noise.DHKey{Private: secret, Public: public}
	for {
		s := handshake(role, keys, serverPublic)
		s.send(append(append(append([]byte{}, s.binding...), s.peer...), s.hello...))
		for {
			message := s.receive()
			if string(message) == "bye" {
				return
			}
			if string(message) == "next" {
				break
			}
			for i, j := 0, len(message)-1; i < j; i, j = i+1, j-1 {
				message[i], message[j] = message[j], message[i]
			}
			s.send(message)
		}
	}
}
