// Reads a Jusha log with the code that guards Go's own module checksums, golang.org/x/mod/sumdb:
// nothing of it is ours but the few lines that fetch files and name them the C2SP way.
//
// On Debian (no network needed to build):
//
//	apt-get install --no-install-recommends golang-go golang-golang-x-mod-dev
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify/readers/sumdb/main.go \
//	    -log https://HOST/log -vkey KEY [-witness KEY] [-old 10,300]
//
// It checks the log's signature and every witness's cosignature, the root, every entry's hash, the
// inclusion of some entries, and that the newest tree begins with the older ones (-old). It ends in
// EQUAL with exit code 0, or says what differs, with exit code 1.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height      = 8
	width       = 1 << height
	cosignature = 4
)

var errMissing = errors.New("no such file")

// source is a log's folder or address.
type source string

func (s source) read(path string) ([]byte, error) {
	if !strings.HasPrefix(string(s), "http") {
		data, err := os.ReadFile(filepath.Join(string(s), filepath.FromSlash(path)))
		if os.IsNotExist(err) {
			return nil, fmt.Errorf("%s: %w", path, errMissing)
		}
		return data, err
	}
	answer, err := http.Get(strings.TrimSuffix(string(s), "/") + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", path, errMissing)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// either reads a partial file, or the full one that has replaced it.
func (s source) either(partial, full string) ([]byte, error) {
	data, err := s.read(partial)
	if errors.Is(err, errMissing) && partial != full {
		return s.read(full)
	}
	return data, err
}

// tiles lets tlog read our tiles: sumdb writes tile/8/0/000 where C2SP writes tile/0/000.
type tiles struct {
	source
	kept map[string][]byte
}

func (tiles) Height() int                     { return height }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func name(t tlog.Tile) string                 { return strings.Replace(t.Path(), "tile/8/", "tile/", 1) }
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		full := tile
		full.W = width
		data, known := t.kept[name(tile)]
		if !known {
			var err error
			if data, err = t.either(name(tile), name(full)); err != nil {
				return nil, err
			}
			t.kept[name(tile)] = data
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is cut short", name(tile))
		}
		found = append(found, data[:tile.W*tlog.HashSize])
	}
	return found, nil
}

// cosigner verifies cosignature/v1, which sumdb does not know (c2sp.org/tlog-cosignature).
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	return ed25519.Verify(c.key, []byte(message), signature[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a witness's key")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignature {
		return nil, errors.New("not an Ed25519 key of a witness")
	}
	return cosigner{parts[0], uint32(hash), key[1:]}, nil
}

// head reads a checkpoint that the log and every given witness signed.
func head(log source, path string, keys []note.Verifier, all bool) (tlog.Tree, error) {
	data, err := log.read(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		return tlog.Tree{}, err
	}
	signed := map[string]bool{}
	for _, signature := range opened.Sigs {
		signed[signature.Name] = true
	}
	for place, key := range keys {
		if !signed[key.Name()] && (place == 0 || all) {
			return tlog.Tree{}, fmt.Errorf("%s is not signed by %s", path, key.Name())
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != keys[0].Name() {
		return tlog.Tree{}, fmt.Errorf("%s is no checkpoint of %s", path, keys[0].Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// entries checks the hash of every entry, and proves the first of each bundle and the last.
func entries(log source, tree tlog.Tree, reader tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += width {
		count := tree.N - first
		if count > width {
			count = width
		}
		full := tlog.Tile{H: height, L: -1, N: first / width, W: width}
		partial := full
		partial.W = int(count)
		rename := func(t tlog.Tile) string { return strings.Replace(name(t), "/data/", "/entries/", 1) }
		data, err := log.either(rename(partial), rename(full))
		if err != nil {
			return err
		}
		for place := int64(0); place < count; place++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return fmt.Errorf("the bundle of entry %d is cut short", first+place)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			hash := tlog.RecordHash(data[2:end])
			data = data[end:]
			if err := entry(first+place, hash, tree, reader, place == 0 || first+place == tree.N-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func entry(number int64, hash tlog.Hash, tree tlog.Tree, reader tlog.HashReader, prove bool) error {
	stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, number)})
	if err != nil {
		return err
	}
	if stored[0] != hash {
		return fmt.Errorf("entry %d has another hash than its tile says", number)
	}
	if !prove {
		return nil
	}
	proof, err := tlog.ProveRecord(tree.N, number, reader)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, number, hash)
}

func run() error {
	where := flag.String("log", "", "folder or address of the log")
	vkey := flag.String("vkey", "", "the log's key")
	witnesses := flag.String("witness", "", "keys of witnesses who must have cosigned, by commas")
	old := flag.String("old", "", "sizes of older checkpoints, by commas")
	flag.Parse()
	log := source(*where)
	own, err := note.NewVerifier(*vkey)
	if err != nil {
		return err
	}
	keys := []note.Verifier{own}
	for _, each := range strings.FieldsFunc(*witnesses, func(r rune) bool { return r == ',' }) {
		key, err := newCosigner(each)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	tree, err := head(log, "checkpoint", keys, true)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, tiles{log, map[string][]byte{}})
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("the tiles have another root than the checkpoint")
	}
	if err := entries(log, tree, reader); err != nil {
		return err
	}
	sizes := strings.FieldsFunc(*old, func(r rune) bool { return r == ',' })
	for _, size := range sizes {
		before, err := head(log, "checkpoints/"+size, keys, false)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, before.N, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
			return err
		}
	}
	fmt.Printf("EQUAL %d entries, %d witnesses, %d older checkpoints\n", tree.N, len(keys)-1, len(sizes))
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Println("DIFFERENT", err)
		os.Exit(1)
	}
}
