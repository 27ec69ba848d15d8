{{- /*
The prefix of every object's name. 45 characters and `-worker` are the 52 that leave a StatefulSet's name room for the hash
which Kubernetes adds to it in a label.
*/}}
{{- define "connector.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- /* The labels that tell one release's pods from another's. */}}
{{- define "connector.releaseLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- /* The labels that select the pods of one component. Takes {root, component}. */}}
{{- define "connector.selectorLabels" -}}
{{ include "connector.releaseLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- /* The labels every object carries. Takes {root, component}. */}}
{{- define "connector.labels" -}}
{{ include "connector.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* The image by digest if one is given, else by tag. */}}
{{- define "connector.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* The ServiceAccount of web and worker. */}}
{{- define "connector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "connector.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- /* The ServiceAccount of the migration job, which runs before the ordinary one exists. */}}
{{- define "connector.migrationServiceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ include "connector.fullname" . }}-migrate
{{- else -}}
{{ include "connector.serviceAccountName" . }}
{{- end -}}
{{- end }}

{{- /* What is made before the release and gone once the migration has succeeded. Takes a weight. */}}
{{- define "connector.migrationHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{- /* What every pod template carries besides its spec. Takes {root, component}. */}}
{{- define "connector.podMetadata" -}}
labels:
  {{- include "connector.labels" . | nindent 2 }}
{{- with .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
What every pod has in common: Pod Security "restricted", no API token, and no service links, because Kubernetes would
name those CONNECTOR_… after a Service called connector and the program reads that prefix.
*/}}
{{- define "connector.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.runAs.user }}
  runAsGroup: {{ .Values.runAs.group }}
  fsGroup: {{ .Values.runAs.group }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What every container has in common. */}}
{{- define "connector.containerBasics" -}}
image: {{ include "connector.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* Pods of one component apart, over nodes and over zones. Takes {root, component, and the label of a pod's version}. */}}
{{- define "connector.topologySpread" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.root.Values.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "connector.selectorLabels" $ | nindent 8 }}
    matchLabelKeys: [{{ $.version }}]
  {{- end }}
{{- end }}

{{- /* The port at which web and worker answer Prometheus, if they do. */}}
{{- define "connector.metricsPort" -}}
{{- with .Values.metrics }}
{{- if .enabled }}
- name: metrics
  containerPort: {{ .port }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The writable /tmp, as a volume. */}}
{{- define "connector.tmpVolume" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmp.sizeLimit }}
{{- end }}

{{- /*
The volumes of web and worker: /tmp, the shared journal if there is one, and the key file if that is where the key lives.
*/}}
{{- define "connector.servingVolumes" -}}
{{ include "connector.tmpVolume" . }}
{{- with .Values.journal.existingClaim }}
- name: journal
  persistentVolumeClaim:
    claimName: {{ . | quote }}
{{- end }}
{{- range $name, $file := dict "kek" .Values.kek.file "kek-before" .Values.kek.before.file }}
{{- if $file.existingSecret }}
- name: {{ $name }}
  secret:
    secretName: {{ $file.existingSecret | quote }}
    defaultMode: 0440
    items:
      - key: {{ $file.key | quote }}
        path: kek.json
{{- end }}
{{- end }}
{{- if include "connector.logsInToVault" . }}
- name: vault-login
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {audience: vault, expirationSeconds: 3600, path: token}
{{- end }}
{{- end }}

{{- /* Not empty where the program logs in to Vault with the pod's service account; that token is good for nothing else. */}}
{{- define "connector.logsInToVault" -}}
{{- range list .Values.kek.address .Values.kek.before.address }}{{ if and (hasPrefix "vault:" .) (contains "role=" .) }}yes{{ end }}{{ end }}
{{- end }}

{{- /* Where web and worker mount them. A folder, not a subPath, so that a changed key file arrives. */}}
{{- define "connector.servingVolumeMounts" -}}
- name: tmp
  mountPath: /tmp
- name: journal
  mountPath: /var/lib/connector
{{- if .Values.kek.file.existingSecret }}
- name: kek
  mountPath: /run/secrets/connector
  readOnly: true
{{- end }}
{{- if .Values.kek.before.file.existingSecret }}
- name: kek-before
  mountPath: /run/secrets/connector-before
  readOnly: true
{{- end }}
{{- if include "connector.logsInToVault" . }}
- name: vault-login
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}
{{- end }}
