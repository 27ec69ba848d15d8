{{- /* One egress rule over TCP. Takes {to, port}. */}}
{{- define "connector.egressOverTcp" -}}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .port }}}
{{- end }}

{{- /* Name resolution. */}}
{{- define "connector.egressToDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dnsTo | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{- /* Who may scrape web and worker, if anybody may. */}}
{{- define "connector.metricsIngress" -}}
{{- with .Values.metrics }}
{{- if .enabled }}
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .namespace | quote }}
  ports:
    - {protocol: TCP, port: {{ .port }}}
{{- end }}
{{- end }}
{{- end }}

{{- /* What web and worker may call. */}}
{{- define "connector.servingEgress" -}}
{{ include "connector.egressToDns" . }}
{{- with .Values.networkPolicy }}
{{ include "connector.egressOverTcp" .postgresql }}
{{ include "connector.egressOverTcp" .redis }}
{{ include "connector.egressOverTcp" .https }}
{{- with .extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}
