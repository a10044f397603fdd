{{- define "aegis.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "aegis.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (default .Chart.Name .Values.nameOverride) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "aegis.selector" -}}
app.kubernetes.io/name: {{ include "aegis.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "aegis.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "aegis.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "aegis.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "aegis.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "aegis.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The fewest replicas that there are. */}}
{{- define "aegis.fewest" -}}
{{- if .Values.autoscaling.enabled -}}{{ .Values.autoscaling.minReplicas }}{{- else -}}{{ .Values.replicaCount }}{{- end -}}
{{- end -}}

{{/* Rules over several values, which a schema can't say. */}}
{{- define "aegis.check" -}}
{{- $a := .Values.autoscaling -}}
{{- if and $a.enabled (gt (int $a.minReplicas) (int $a.maxReplicas)) -}}
{{- fail (printf "autoscaling.minReplicas: %d is more than autoscaling.maxReplicas, %d" (int $a.minReplicas) (int $a.maxReplicas)) -}}
{{- end -}}
{{- $p := .Values.podDisruptionBudget -}}
{{- if $p.enabled -}}
{{- $max := toString (default "" (get $p "maxUnavailable")) -}}
{{- $min := toString (default "" (get $p "minAvailable")) -}}
{{- if eq (empty $max) (empty $min) -}}
{{- fail "podDisruptionBudget: give one of maxUnavailable and minAvailable, and set the other to null" -}}
{{- end -}}
{{- if and $min (not (hasSuffix "%" $min)) -}}
{{- if ge (int $min) (int (include "aegis.fewest" .)) -}}
{{- fail (printf "podDisruptionBudget.minAvailable: with %s replicas no node could be drained; give less, or more replicas" (include "aegis.fewest" .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $names := list -}}
{{- range .Values.secrets.extra -}}
{{- if or (has .name $names) (has .name (list "database" "passphrase" "admin-token")) -}}
{{- fail (printf "secrets.extra: %q is named twice" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end -}}

{{/* aegis.yaml: the given configuration and what the chart knows. */}}
{{- define "aegis.config" -}}
{{- $known := dict "addr" "0.0.0.0:8080" "work_dir" "/var/lib/aegis/work" -}}
{{- if .Values.secrets.database.existingSecret -}}
{{- $_ := set $known "database" (dict "password_file" "/etc/aegis/secrets/database/pgpass") -}}
{{- end -}}
{{- if .Values.secrets.passphrase.existingSecret -}}
{{- $_ := set $known "pulumi" (dict "passphrase_file" "/etc/aegis/secrets/passphrase/passphrase") -}}
{{- end -}}
{{- if .Values.secrets.adminToken.existingSecret -}}
{{- $_ := set $known "api" (dict "admin_token_file" "/etc/aegis/secrets/admin-token/token") -}}
{{- end -}}
{{- $yaml := toYaml (mergeOverwrite (deepCopy .Values.config) $known) -}}
{{- with dig "database" "url" "" .Values.config -}}
{{- if not (regexMatch "^postgres(ql)?://" .) -}}
{{- fail "config.database.url: not a postgres:// URL" -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "://[^/@\\s\"']*:[^/@\\s\"']*@|[?&]password=" $yaml -}}
{{- fail "config: a URL in it has a password, and ConfigMaps are no place for secrets; name a Secret in secrets.database instead" -}}
{{- end -}}
{{- if regexMatch "(?m)^[\\s-]*[\"']?(password|token|secret|passphrase|api_key|access_key_id|secret_access_key)[\"']?\\s*:" $yaml -}}
{{- fail "config: it has a key for a secret, and ConfigMaps are no place for those; mount a Secret with secrets.extra and name its file" -}}
{{- end -}}
{{- $yaml -}}
{{- end -}}

{{- define "aegis.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "aegis.containerSecurityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "aegis.env" -}}
- {name: HOME, value: /tmp}
- {name: TMPDIR, value: /tmp}
{{- end -}}

{{/* The database's password alone is needed to migrate. */}}
{{- define "aegis.databaseMount" -}}
{{- if .Values.secrets.database.existingSecret }}
- {name: secret-database, mountPath: /etc/aegis/secrets/database, readOnly: true}
{{- end }}
{{- end -}}

{{- define "aegis.databaseVolume" -}}
{{- with .Values.secrets.database }}
{{- if .existingSecret }}
- name: secret-database
  secret:
    secretName: {{ .existingSecret | quote }}
    defaultMode: 0440
    items: [{key: {{ .key | quote }}, path: pgpass}]
{{- end }}
{{- end }}
{{- end -}}

{{/* Names and the control database: what every pod of the release may reach. */}}
{{- define "aegis.egressOfAll" -}}
{{- $e := .Values.networkPolicy.egress -}}
- to:
    - namespaceSelector:
        matchLabels: {{- toYaml $e.dns.namespaceLabels | nindent 10 }}
      podSelector:
        matchLabels: {{- toYaml $e.dns.podLabels | nindent 10 }}
  ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- if $e.database.cidrs }}
- to:
    {{- range $e.database.cidrs }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  ports: [{protocol: TCP, port: {{ $e.database.port }}}]
{{- end }}
{{- end -}}
