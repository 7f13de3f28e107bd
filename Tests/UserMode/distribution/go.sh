# Go: build; goroutines, channels, garbage, a recovered nil access
# needs: /usr/bin/go
# prints: 640 recovered 32
# packages: golang-go
export HOME=$PWD GOCACHE=$PWD/cache GOFLAGS=-mod=mod GO111MODULE=off
cat > a.go <<'E'
package main

import (
	"crypto/sha256"
	"fmt"
	"sync"
)

type node struct{ next *node }

func touch(n *node) (said string) {
	defer func() {
		if recover() != nil {
			said = "recovered"
		}
	}()
	return fmt.Sprint(n.next)
}

func main() {
	results := make(chan int)
	var group sync.WaitGroup
	for i := 0; i < 32; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			kept := map[string][]byte{}
			for j := 0; j < 200; j++ {
				sum := sha256.Sum256([]byte(fmt.Sprint(i, j)))
				kept[fmt.Sprint(j%20)] = append([]byte{}, sum[:]...)
			}
			results <- len(kept)
		}()
	}
	total, done := 0, 0
	for ; done < 32; done++ {
		total += <-results
	}
	group.Wait()
	fmt.Println(total, touch(nil), done)
}
E
go build -o a a.go && ./a
