{{- /* One variable from a Secret. Takes [variable, Secret, key]. */}}
{{- define "connector.fromSecret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 | quote }}
      key: {{ index . 2 | quote }}
{{- end }}

{{- /* What every command of the program reads. */}}
{{- define "connector.commonEnvironment" -}}
- name: CONNECTOR_MODE
  value: production
- name: CONNECTOR_LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
{{- end }}

{{- /* What `connector migrate` reads: the one role that may change tables, and nothing of providers or keys. */}}
{{- define "connector.migrationEnvironment" -}}
{{ include "connector.commonEnvironment" . }}
{{- with .Values.secrets.database }}
{{ include "connector.fromSecret" (list "CONNECTOR_MIGRATOR_DATABASE_URL" .existingSecret .migratorUrlKey) }}
{{- end }}
{{- end }}

{{- /* What `connector serve` and `connector worker` read. */}}
{{- define "connector.servingEnvironment" -}}
{{ include "connector.commonEnvironment" . }}
- name: CONNECTOR_PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
{{- with .Values.secrets.database }}
{{ include "connector.fromSecret" (list "DATABASE_URL" .existingSecret .appUrlKey) }}
{{ include "connector.fromSecret" (list "CONNECTOR_SWEEPER_DATABASE_URL" .existingSecret .sweeperUrlKey) }}
{{- end }}
{{- with .Values.secrets.redis }}
{{ include "connector.fromSecret" (list "REDIS_URL" .existingSecret .urlKey) }}
{{- end }}
- name: CONNECTOR_JOURNAL
  value: /var/lib/connector/journal
{{- with .Values.secrets.escrow }}
{{- if .existingSecret }}
{{ include "connector.fromSecret" (list "CONNECTOR_ESCROW" .existingSecret .urlKey) }}
{{- end }}
{{- end }}
{{- with .Values.metrics }}
{{- if .enabled }}
- name: CONNECTOR_METRICS
  value: "0.0.0.0:{{ .port }}"
{{- end }}
{{- end }}
{{- with .Values.kek }}
- name: CONNECTOR_KEK
  value: {{ if .file.existingSecret }}file:/run/secrets/connector/kek.json{{ else }}{{ .address | quote }}{{ end }}
{{- if or .before.file.existingSecret .before.address }}
- name: CONNECTOR_KEK_BEFORE
  value: {{ if .before.file.existingSecret }}file:/run/secrets/connector-before/kek.json{{ else }}{{ .before.address | quote }}{{ end }}
{{- end }}
{{- if or .file.existingSecret .before.file.existingSecret }}
- name: CONNECTOR_ALLOW_LOCAL_KEK
  value: "true"
{{- end }}
{{- end }}
{{- range $provider, $settings := .Values.providers }}
{{- if $settings.enabled }}
{{- $prefix := printf "CONNECTOR_%s" (upper $provider) }}
- name: {{ $prefix }}_AUTH_URL
  value: {{ $settings.authUrl | quote }}
- name: {{ $prefix }}_API_URL
  value: {{ $settings.apiUrl | quote }}
{{- with $settings.apiGeneration }}
- name: {{ $prefix }}_API_GENERATION
  value: {{ . | quote }}
{{- end }}
{{- with $settings.proxy }}
- name: {{ $prefix }}_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with $settings.tokenCallsPerSecond }}
- name: {{ $prefix }}_TOKEN_CALLS_PER_SECOND
  value: {{ . | quote }}
{{- end }}
{{- with $settings.tokenCallsAtOnce }}
- name: {{ $prefix }}_TOKEN_CALLS_AT_ONCE
  value: {{ . | quote }}
{{- end }}
{{- with $settings }}
{{ include "connector.fromSecret" (list (printf "%s_CLIENT_ID" $prefix) .existingSecret .clientIdKey) }}
{{ include "connector.fromSecret" (list (printf "%s_CLIENT_SECRET" $prefix) .existingSecret .clientSecretKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
