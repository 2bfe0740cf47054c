// Gin with its own log of requests, and what the application says by Go's log.
package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

type event struct {
	ID   string `json:"id"`
	UUID string `json:"webhook_event_uuid"`
}

var (
	seen = map[string]bool{}
	lock sync.Mutex
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.Default()
	router.GET("/health", func(c *gin.Context) { c.String(http.StatusOK, "healthy") })
	router.POST("/webhooks/showpass", showpass)
	log.Fatal(router.Run("127.0.0.1:" + os.Getenv("LAB_PORT")))
}

func showpass(c *gin.Context) {
	var told event
	if c.BindJSON(&told) != nil {
		return
	}
	log.Printf("webhook received webhook_event_uuid=%s", told.UUID)
	mac := hmac.New(sha1.New, []byte(os.Getenv("LAB_SECRET")))
	mac.Write([]byte(told.ID))
	if c.GetHeader("X-Showpass-Signature") != hex.EncodeToString(mac.Sum(nil)) {
		log.Printf("signature verification failed webhook_event_uuid=%s", told.UUID)
		c.String(http.StatusUnauthorized, "bad signature")
		return
	}
	if c.GetHeader("X-Lab") == "crash" {
		log.Printf("webhook failed: no such ticket webhook_event_uuid=%s", told.UUID)
		c.String(http.StatusInternalServerError, "error")
		return
	}
	lock.Lock()
	word := "webhook processed"
	if seen[told.UUID] {
		word = "duplicate webhook ignored"
	}
	seen[told.UUID] = true
	lock.Unlock()
	if c.GetHeader("X-Lab") == "slow" {
		time.Sleep(2 * time.Second)
	}
	log.Printf("%s webhook_event_uuid=%s", word, told.UUID)
	c.String(http.StatusOK, "ok")
}
