package front

import (
	"encoding/xml"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// learn takes from a call that succeeded what later calls are judged by.
func (f *Front) learn(c wire.Call, resp wire.Response) {
	switch c.Service {
	case "iam":
		f.learnKeys(c, resp)
		f.paths.learn(c)
		f.access.forget()
	case "s3":
		f.learnBucket(c)
	}
	for _, p := range f.patches {
		if p.is(c) && p.note != nil {
			p.note(f.notes, c)
		}
	}
}

// createdKey is the part of CreateAccessKey's answer that holds the key.
type createdKey struct {
	Key struct {
		UserName        string `xml:"UserName"`
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string `xml:"SecretAccessKey"`
	} `xml:"CreateAccessKeyResult>AccessKey"`
}

func (f *Front) learnKeys(c wire.Call, resp wire.Response) {
	form := c.Form()
	switch c.Action {
	case "CreateAccessKey":
		var made createdKey
		if err := xml.Unmarshal(resp.Body, &made); err == nil && made.Key.AccessKeyID != "" {
			f.keys.put(key{ID: made.Key.AccessKeyID, Secret: made.Key.SecretAccessKey, User: made.Key.UserName})
		}
	case "UpdateAccessKey":
		f.keys.setInactive(form.Get("AccessKeyId"), form.Get("Status") != "Active")
	case "DeleteAccessKey":
		f.keys.remove(form.Get("AccessKeyId"))
	case "UpdateUser":
		if to := form.Get("NewUserName"); to != "" {
			f.keys.renameUser(form.Get("UserName"), to)
		}
	case "DeleteUser":
		f.keys.removeUser(form.Get("UserName"))
	}
}

func (f *Front) learnBucket(c wire.Call) {
	switch c.Action {
	case "CreateBucket":
		f.buckets.put(c.Bucket(), c.Region)
	case "DeleteBucket":
		f.buckets.remove(c.Bucket())
	}
}
