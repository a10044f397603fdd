package deploy_test

import (
	"bufio"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func newReader(text string) *bufio.Reader { return bufio.NewReader(strings.NewReader(text)) }

func nameOf(t *testing.T, object runtime.Object) string {
	t.Helper()
	m, err := meta.Accessor(object)
	require.NoError(t, err)
	return m.GetName()
}

// release is the full name that a variant gives its objects.
func release(variant string) string {
	if variant == "pod-identity" {
		return "autopilot"
	}
	return "aegis"
}

func TestLint(t *testing.T) {
	t.Parallel()
	for name, values := range variants(t) {
		for _, message := range lint.All(chartFolder, values, namespace, true).Messages {
			require.Less(t, message.Severity, support.WarningSev, "%s: %s", name, message)
		}
	}
}

func TestEveryObject(t *testing.T) {
	t.Parallel()
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := objects(t, values)
			require.NotEmpty(t, all)
			seen := map[string]bool{}
			for _, object := range all {
				m, err := meta.Accessor(object)
				require.NoError(t, err)
				key := object.GetObjectKind().GroupVersionKind().Kind + "/" + m.GetName()
				require.False(t, seen[key], "%s is there twice", key)
				seen[key] = true
				require.Equal(t, namespace, m.GetNamespace(), key)
				require.Equal(t, "aegis", m.GetLabels()["app.kubernetes.io/name"], key)
				require.Equal(t, "aegis", m.GetLabels()["app.kubernetes.io/instance"], key)
				require.LessOrEqual(t, len(m.GetName()), 63, key)
				_, secret := object.(*corev1.Secret)
				require.False(t, secret, "the chart makes no Secret")
			}
		})
	}
}

// pods are the pod templates of what is rendered, by the object's name.
func pods(all []runtime.Object) map[string]corev1.PodTemplateSpec {
	found := map[string]corev1.PodTemplateSpec{}
	for _, object := range all {
		switch o := object.(type) {
		case *appsv1.Deployment:
			found[o.Name] = o.Spec.Template
		case *batchv1.Job:
			found[o.Name] = o.Spec.Template
		}
	}
	return found
}

// TestRestricted holds the restricted profile of the pod security standards,
// https://kubernetes.io/docs/concepts/security/pod-security-standards/.
func TestRestricted(t *testing.T) {
	t.Parallel()
	for variant, values := range variants(t) {
		for name, pod := range pods(objects(t, values)) {
			t.Run(variant+"/"+name, func(t *testing.T) {
				t.Parallel()
				requireRestricted(t, pod.Spec)
			})
		}
	}
}

func requireRestricted(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	require.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC)
	require.False(t, *pod.AutomountServiceAccountToken)
	require.False(t, *pod.EnableServiceLinks)
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.Equal(t, int64(65532), *pod.SecurityContext.RunAsUser, "the user of the image")
	require.Equal(t, int64(65532), *pod.SecurityContext.FSGroup, "which may read mounted Secrets")
	require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
	require.Empty(t, pod.InitContainers)
	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]
	require.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	require.False(t, *c.SecurityContext.Privileged)
	require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
	require.True(t, *c.SecurityContext.RunAsNonRoot)
	require.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
	require.Empty(t, c.SecurityContext.Capabilities.Add)
	require.NotEmpty(t, c.Resources.Limits.Memory().String())
	require.False(t, c.Resources.Requests.Cpu().IsZero(), "the autoscaler measures against the request")
	require.False(t, c.Resources.Limits.Memory().IsZero())
	require.NotContains(t, c.Image, ":latest")

	volumes := map[string]corev1.Volume{}
	for _, v := range pod.Volumes {
		require.Nil(t, v.HostPath, v.Name)
		volumes[v.Name] = v
	}
	used := map[string]bool{}
	for _, m := range c.VolumeMounts {
		v, ok := volumes[m.Name]
		require.True(t, ok, "no volume %s", m.Name)
		used[m.Name] = true
		if v.EmptyDir == nil {
			require.True(t, m.ReadOnly, m.Name)
		} else {
			require.False(t, v.EmptyDir.SizeLimit.IsZero(), m.Name)
		}
		if v.Secret != nil {
			require.Equal(t, int32(0o440), *v.Secret.DefaultMode, m.Name)
		}
	}
	require.Len(t, used, len(volumes), "each volume is mounted")
	for _, e := range c.Env {
		require.Nil(t, e.ValueFrom, "secrets are files, not variables: %s", e.Name)
	}
}

func TestDeployment(t *testing.T) {
	t.Parallel()
	for variant, values := range variants(t) {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			all := objects(t, values)
			d := only[*appsv1.Deployment](t, all, release(variant))
			require.Equal(t, labels.Set(d.Spec.Selector.MatchLabels), selected(d.Spec.Selector.MatchLabels, d.Spec.Template.Labels))
			c := d.Spec.Template.Spec.Containers[0]
			require.Equal(t, []string{"serve", "--config", "/etc/aegis/aegis.yaml"}, c.Args)
			require.Len(t, c.Ports, 1)
			require.Equal(t, int32(8080), c.Ports[0].ContainerPort)
			for probe, path := range map[*corev1.Probe]string{c.StartupProbe: "/healthz", c.LivenessProbe: "/healthz", c.ReadinessProbe: "/readyz"} {
				require.Equal(t, path, probe.HTTPGet.Path)
				require.Equal(t, c.Ports[0].Name, probe.HTTPGet.Port.String())
				require.Empty(t, probe.HTTPGet.Host)
			}
			require.Positive(t, c.StartupProbe.FailureThreshold*c.StartupProbe.PeriodSeconds)
			require.Equal(t, intstr.FromInt32(0), *d.Spec.Strategy.RollingUpdate.MaxUnavailable)
			require.GreaterOrEqual(t, *d.Spec.Template.Spec.TerminationGracePeriodSeconds, int64(60))
			require.NotEmpty(t, d.Spec.Template.Spec.TopologySpreadConstraints)
			require.Contains(t, d.Spec.Template.Annotations, "checksum/config", "pods are replaced when the configuration changes")

			service := only[*corev1.Service](t, all, release(variant))
			require.Equal(t, labels.Set(service.Spec.Selector), selected(service.Spec.Selector, d.Spec.Template.Labels))
			require.Equal(t, c.Ports[0].Name, service.Spec.Ports[0].TargetPort.String())
		})
	}
}

// selected is what a selector picks of labels.
func selected(selector, of map[string]string) labels.Set {
	found := labels.Set{}
	for key := range selector {
		found[key] = of[key]
	}
	return found
}

func TestServerRoutes(t *testing.T) {
	t.Parallel()
	routes := readFile(t, checkout+"/api/service.go")
	for _, path := range []string{"/healthz", "/readyz"} {
		require.Contains(t, routes, `s.engine.GET("`+path+`"`, "the probes use routes that the server has")
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	for variant, values := range variants(t) {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			all := objects(t, values)
			d := only[*appsv1.Deployment](t, all, release(variant))
			var fewest int
			if scalers := named[*autoscalingv2.HorizontalPodAutoscaler](t, all, release(variant)); len(scalers) == 1 {
				h := scalers[0]
				require.Nil(t, d.Spec.Replicas, "an upgrade must not undo the autoscaler")
				require.Equal(t, autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name}, h.Spec.ScaleTargetRef)
				require.LessOrEqual(t, *h.Spec.MinReplicas, h.Spec.MaxReplicas)
				fewest = int(*h.Spec.MinReplicas)
			} else {
				fewest = int(*d.Spec.Replicas)
			}
			for _, b := range named[*policyv1.PodDisruptionBudget](t, all, release(variant)) {
				require.Equal(t, d.Spec.Selector.MatchLabels, b.Spec.Selector.MatchLabels)
				require.NotEqual(t, b.Spec.MinAvailable == nil, b.Spec.MaxUnavailable == nil)
				if b.Spec.MinAvailable != nil {
					least, err := intstr.GetScaledValueFromIntOrPercent(b.Spec.MinAvailable, fewest, true)
					require.NoError(t, err)
					require.Less(t, least, fewest, "a node can be drained")
				} else {
					most, err := intstr.GetScaledValueFromIntOrPercent(b.Spec.MaxUnavailable, fewest, true)
					require.NoError(t, err)
					require.Positive(t, most, "a node can be drained")
				}
			}
		})
	}
}

func TestNetworkPolicy(t *testing.T) {
	t.Parallel()
	values := variants(t)
	t.Run("denies all that is not named", func(t *testing.T) {
		t.Parallel()
		for _, variant := range []string{"default", "irsa", "pod-identity"} {
			all := objects(t, values[variant])
			covered := 0
			for name, pod := range pods(all) {
				for _, policy := range named[*networkingv1.NetworkPolicy](t, all, name) {
					require.Equal(t, labels.Set(policy.Spec.PodSelector.MatchLabels), selected(policy.Spec.PodSelector.MatchLabels, pod.Labels))
					require.Empty(t, policy.Spec.PodSelector.MatchExpressions)
					require.Equal(t, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}, policy.Spec.PolicyTypes)
					for _, rule := range policy.Spec.Egress {
						require.NotEmpty(t, rule.To, "a rule without peers allows all")
						require.NotEmpty(t, rule.Ports)
					}
					for _, rule := range policy.Spec.Ingress {
						require.NotEmpty(t, rule.From, "a rule without peers allows all")
						require.NotEmpty(t, rule.Ports)
					}
					covered++
				}
			}
			require.Equal(t, len(pods(all)), covered, "each pod has a policy: %s", variant)
		}
	})
	t.Run("lets nobody in by default", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, only[*networkingv1.NetworkPolicy](t, objects(t, values["default"]), "aegis").Spec.Ingress)
	})
	t.Run("keeps the instance's metadata out of reach", func(t *testing.T) {
		t.Parallel()
		for _, variant := range []string{"default", "irsa", "pod-identity"} {
			for _, rule := range only[*networkingv1.NetworkPolicy](t, objects(t, values[variant]), release(variant)).Spec.Egress {
				for _, peer := range rule.To {
					if peer.IPBlock != nil && peer.IPBlock.CIDR == "0.0.0.0/0" {
						require.Equal(t, []string{"169.254.0.0/16"}, peer.IPBlock.Except)
					}
				}
			}
		}
	})
	t.Run("lets a pod identity be asked for", func(t *testing.T) {
		t.Parallel()
		var blocks []string
		for _, rule := range only[*networkingv1.NetworkPolicy](t, objects(t, values["pod-identity"]), "autopilot").Spec.Egress {
			for _, peer := range rule.To {
				if peer.IPBlock != nil {
					blocks = append(blocks, peer.IPBlock.CIDR)
				}
			}
		}
		require.Contains(t, blocks, "169.254.170.23/32")
	})
}

func TestServiceAccount(t *testing.T) {
	t.Parallel()
	values := variants(t)
	a := only[*corev1.ServiceAccount](t, objects(t, values["irsa"]), "aegis")
	require.Equal(t, "arn:aws:iam::111122223333:role/aegis-prod-us-east-1-autopilot", a.Annotations["eks.amazonaws.com/role-arn"])
	require.Equal(t, "platform", a.Annotations["example.com/owner"])
	require.False(t, *a.AutomountServiceAccountToken)
	require.Empty(t, only[*corev1.ServiceAccount](t, objects(t, values["default"]), "aegis").Annotations)

	shared := objects(t, values["open"])
	require.Empty(t, named[*corev1.ServiceAccount](t, shared, "aegis"))
	require.Equal(t, "shared", only[*appsv1.Deployment](t, shared, "aegis").Spec.Template.Spec.ServiceAccountName)
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	values := variants(t)
	all := objects(t, values["irsa"])
	job := only[*batchv1.Job](t, all, "aegis-migrate")
	pod := job.Spec.Template.Spec
	require.Equal(t, []string{"serve", "--config", "/etc/aegis/aegis.yaml", "--migrate-only"}, pod.Containers[0].Args)
	require.Equal(t, only[*appsv1.Deployment](t, all, "aegis").Spec.Template.Spec.Containers[0].Image, pod.Containers[0].Image)
	require.Equal(t, corev1.RestartPolicyNever, pod.RestartPolicy)
	require.Positive(t, *job.Spec.ActiveDeadlineSeconds)

	// What the hook needs is there before it: hooks run before all else.
	account := only[*corev1.ServiceAccount](t, all, pod.ServiceAccountName)
	config := only[*corev1.ConfigMap](t, all, pod.Volumes[0].ConfigMap.Name)
	network := only[*networkingv1.NetworkPolicy](t, all, "aegis-migrate")
	for _, object := range []metav1.Object{account, config, network, job} {
		require.Equal(t, "pre-install,pre-upgrade", object.GetAnnotations()["helm.sh/hook"], object.GetName())
		require.Equal(t, "before-hook-creation,hook-succeeded", object.GetAnnotations()["helm.sh/hook-delete-policy"])
	}
	require.NotContains(t, account.Annotations, "eks.amazonaws.com/role-arn", "migrations need no AWS")
	require.Equal(t, "0", job.Annotations["helm.sh/hook-weight"])
	require.Equal(t, "-10", account.Annotations["helm.sh/hook-weight"])
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			require.Equal(t, "aegis-database", volume.Secret.SecretName, "migrations need no other secret")
		}
	}
	require.Empty(t, named[*batchv1.Job](t, objects(t, values["pod-identity"]), "autopilot-migrate"))
}

// TestConfig compares the rendered configurations with files that a test of
// internal/app reads as the server would; UPDATE_CONFIG=1 writes them.
func TestConfig(t *testing.T) {
	t.Parallel()
	for variant, values := range variants(t) {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			all := objects(t, values)
			text := only[*corev1.ConfigMap](t, all, release(variant)).Data["aegis.yaml"]
			for _, other := range named[*corev1.ConfigMap](t, all, release(variant)+"-migrate") {
				require.Equal(t, text, other.Data["aegis.yaml"], "the hook has the configuration that will be")
			}
			file := filepath.Join("testdata", "config", variant+".yaml")
			if os.Getenv("UPDATE_CONFIG") != "" {
				require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			}
			require.Equal(t, readFile(t, file), text, "run UPDATE_CONFIG=1 go test . in tools/deploy")
			mounts := only[*appsv1.Deployment](t, all, release(variant)).Spec.Template.Spec.Containers[0].VolumeMounts
			for line := range strings.Lines(text) {
				if _, path, ok := strings.Cut(line, "file: "); ok {
					path = strings.TrimSpace(path)
					require.True(t, slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool { return m.MountPath == filepath.Dir(path) }),
						"%s is in a folder that is mounted", path)
				}
			}
		})
	}
	written, err := os.ReadDir(filepath.Join("testdata", "config"))
	require.NoError(t, err)
	require.Len(t, written, len(variants(t)))
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]string{
		"colour":              "colour: blue",
		"image.tag":           "image: {tag: latest}",
		"image.repository":    "image: {repository: ''}",
		"image.digest":        "image: {digest: sha256:abc}",
		"replicaCount":        "replicaCount: 0",
		"roleArn":             "serviceAccount: {roleArn: admin}",
		"config.addr":         "config: {addr: 0.0.0.0:1}",
		"config.work_dir":     "config: {work_dir: /srv}",
		"config.regions":      "config: {regions: [us-east-1, eu-west-1]}",
		"account_id":          "config: {aws: {account_id: '12'}}",
		"account_id, number":  "config: {aws: {account_id: 111122223333}}",
		"database.url":        "config: {database: {url: 'postgres://aegis:hunter2@db/aegis'}}",
		"database.url, http":  "config: {database: {url: 'http://db/aegis'}}",
		"password in a query": "config: {pulumi: {backend_url: 'postgres://db/x?password=hunter2'}}",
		"password in any URL": "config: {telemetry: {otlp_endpoint: 'https://user:hunter2@traces.example'}}",
		"a key for a secret":  "config: {stores: {hot: {redis: {password: hunter2}}}}",
		"in a list":           "config: {policy: {sources: [{token: hunter2}]}}",
		"autoscaling":         "autoscaling: {minReplicas: 5, maxReplicas: 2}",
		"drained never":       "podDisruptionBudget: {maxUnavailable: null, minAvailable: 2}",
		"drained never, %":    "podDisruptionBudget: {maxUnavailable: null, minAvailable: 100%}",
		"drained never, 0":    "podDisruptionBudget: {maxUnavailable: 0}",
		"both budgets":        "podDisruptionBudget: {maxUnavailable: 1, minAvailable: 1}",
		"no budget":           "podDisruptionBudget: {maxUnavailable: null}",
		"cidr":                "networkPolicy: {egress: {https: {cidrs: [everywhere]}}}",
		"all may enter":       "networkPolicy: {ingress: {from: [{}]}}",
		"egress of all ports": "networkPolicy: {egress: {extra: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}",
		"names of names":      "networkPolicy: {egress: {dns: {podLabels: {k8s-app: null}}}}",
		"one name twice":      "secrets: {extra: [{name: a, existingSecret: x}, {name: a, existingSecret: y}]}",
		"a name of ours":      "secrets: {extra: [{name: database, existingSecret: x}]}",
		"no secret":           "secrets: {extra: [{name: a, existingSecret: ''}]}",
		"quantity":            "work: {sizeLimit: huge}",
		"grace":               "terminationGracePeriodSeconds: 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := render(t, parse(t, values))
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2", "an error does not show the secret")
		})
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	notes := func(values chartutil.Values) string {
		files, err := render(t, values)
		require.NoError(t, err)
		return files["aegis/templates/NOTES.txt"]
	}
	for _, missing := range []string{"config.database.url", "config.aws.account_id", "secrets.passphrase", "no AWS identity", "secrets.adminToken"} {
		require.Contains(t, notes(nil), missing)
	}
	complete := notes(variants(t)["irsa"])
	require.NotContains(t, complete, "MISSING")
	require.NotContains(t, complete, "no AWS identity")
}

// TestSchema has a rule for each value, so that a typing error is an error.
func TestSchema(t *testing.T) {
	t.Parallel()
	loaded := loadChart(t)
	schema := parse(t, string(loaded.Schema))
	for key, value := range loaded.Values {
		path := "properties." + key
		rule, err := schema.Table(path)
		require.NoError(t, err, key)
		if table, ok := value.(map[string]any); ok && rule["additionalProperties"] == false && rule["properties"] != nil {
			rules, err := schema.Table(path + ".properties")
			require.NoError(t, err)
			require.ElementsMatch(t, slices.Collect(maps.Keys(rules)), slices.Collect(maps.Keys(table)), key)
		}
	}
}
