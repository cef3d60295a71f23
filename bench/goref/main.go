// Command goref is what lastcall is measured against: the webhook that a Go programmer writes in an afternoon with
// controller-runtime, and no more. It decodes the Pod, adds a preStop sleep to every container without a hook, raises the
// grace period by as much, and lets the library make the patch. It rewrites no command and explains nothing.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const sleepSeconds = 5

type mutator struct{ decoder admission.Decoder }

func (m mutator) Handle(_ context.Context, request admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := m.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if !addSleep(pod) {
		return admission.Allowed("every container has a preStop hook")
	}
	raw, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, raw)
}

func addSleep(pod *corev1.Pod) bool {
	changed := false
	for i := range pod.Spec.Containers {
		container := &pod.Spec.Containers[i]
		if container.Lifecycle == nil {
			container.Lifecycle = &corev1.Lifecycle{}
		}
		if container.Lifecycle.PreStop == nil {
			container.Lifecycle.PreStop = &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: sleepSeconds}}
			changed = true
		}
	}
	if changed {
		grace := int64(corev1.DefaultTerminationGracePeriodSeconds)
		if pod.Spec.TerminationGracePeriodSeconds != nil {
			grace = *pod.Spec.TerminationGracePeriodSeconds
		}
		grace += sleepSeconds
		pod.Spec.TerminationGracePeriodSeconds = &grace
	}
	return changed
}

func main() {
	port := flag.Int("port", 9443, "port on 127.0.0.1")
	certificate := flag.String("cert", "", "certificate file")
	key := flag.String("key", "", "key file, in the folder of the certificate")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	server := webhook.NewServer(webhook.Options{
		Host: "127.0.0.1", Port: *port,
		CertDir: filepath.Dir(*certificate), CertName: filepath.Base(*certificate), KeyName: filepath.Base(*key),
		TLSOpts: []func(*tls.Config){func(config *tls.Config) { config.NextProtos = []string{"http/1.1"} }},
	})
	server.Register("/mutate", &webhook.Admission{Handler: mutator{admission.NewDecoder(scheme.Scheme)}})
	if err := server.Start(ctrl.SetupSignalHandler()); err != nil {
		ctrl.Log.Error(err, "server")
		os.Exit(1)
	}
}
