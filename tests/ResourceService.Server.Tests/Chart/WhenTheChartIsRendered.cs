namespace ResourceService.Server.Tests.Chart;

/// <summary>What the chart makes of every combination in the tables: objects that fit each other and what a strict cluster admits.</summary>
public sealed class WhenTheChartIsRendered
{
    private static readonly string[] _admittedVolumes =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    // Made once: each is many objects.
    private static readonly Lazy<IReadOnlyList<(string Name, RenderedChart Chart)>> _renderings = new(() =>
    [
        ("the defaults", RenderedChart.Of([])),
        .. ChartFiles.ChangedValues.Select(change => (change.Path, RenderedChart.Of(change.Changed))),
    ]);

    // These changes are a user's own way around what the cluster enforces.
    private static readonly string[] _lessRestricted = ["podSecurityContext.", "securityContext."];

    [Fact]
    public void Every_pod_is_admitted_where_pod_security_is_restricted()
    {
        foreach (var (name, chart) in _renderings.Value.Where(item => !Array.Exists(_lessRestricted, part => item.Name.StartsWith(part, StringComparison.Ordinal))))
        {
            foreach (var pod in chart.Pods)
            {
                Assert.True((bool)At(pod, "securityContext.runAsNonRoot")!, name);
                Assert.NotEqual(0d, At(pod, "securityContext.runAsUser"));
                Assert.Equal("RuntimeDefault", At(pod, "securityContext.seccompProfile.type"));
                Assert.Equal(false, At(pod, "automountServiceAccountToken"));
                Assert.All(["hostNetwork", "hostPID", "hostIPC"], field => Assert.Null(At(pod, field)));
                Assert.All(
                    Items(pod, "volumes").SelectMany(Fields).Where(field => field.Key != "name"),
                    field => Assert.Contains(field.Key, _admittedVolumes));
                Assert.All(Containers(pod), container =>
                {
                    Assert.Equal(false, At(container, "securityContext.allowPrivilegeEscalation"));
                    Assert.Equal(true, At(container, "securityContext.readOnlyRootFilesystem"));
                    Assert.Equal(["ALL"], (List<object?>)At(container, "securityContext.capabilities.drop")!);
                    Assert.Null(At(container, "securityContext.capabilities.add"));
                    Assert.All(Items(container, "ports"), port => Assert.Null(At(port, "hostPort")));
                });
            }
        }
    }

    [Fact]
    public void What_is_mounted_is_there_and_what_is_there_is_mounted()
    {
        foreach (var (name, chart) in _renderings.Value)
        {
            var claims = Items(chart.One("StatefulSet"), "spec.volumeClaimTemplates").Select(claim => At(claim, "metadata.name"));
            Check(chart.Pod, claims);
            Assert.All(chart.Pods.Skip(1), pod => Check(pod, []));

            void Check(object pod, IEnumerable<object?> more)
            {
                var volumes = Items(pod, "volumes").Select(volume => At(volume, "name")).Concat(more).ToList();
                var mounts = Containers(pod).SelectMany(container => Items(container, "volumeMounts")).Select(mount => At(mount, "name")).Distinct().ToList();
                Assert.Equal(volumes.Count, volumes.Distinct().Count());
                // More volumes and their mounts are two values, each changed alone.
                if (!name.Contains("extraVolume", StringComparison.Ordinal))
                    Assert.Equal(volumes.Order(), mounts.Order());
            }
        }
    }

    [Fact]
    public void Ports_are_called_by_names_that_the_pod_has()
    {
        foreach (var (_, chart) in _renderings.Value)
        {
            var ports = Items(chart.Pod, "containers").SelectMany(container => Items(container, "ports"))
                .ToDictionary(port => At(port, "name")!, port => At(port, "containerPort"));
            var labels = At(chart.One("StatefulSet"), "spec.template.metadata.labels");
            Assert.All(chart.Of("Service"), service =>
            {
                Assert.All(Items(service, "spec.ports"), port => Assert.Contains(At(port, "targetPort")!, ports.Keys));
                Assert.All(Fields(At(service, "spec.selector")!), label => Assert.Equal(label.Value, Fields(labels!)[label.Key]));
                Assert.NotEqual(At(chart.Of("Pod").FirstOrDefault(), "metadata.labels"), labels);
            });
            Assert.All(
                chart.Of("NetworkPolicy").SelectMany(policy => Items(policy, "spec.ingress")).SelectMany(rule => Items(rule, "ports")),
                port => Assert.Contains(At(port, "port")!, ports.Keys));
            Assert.All(chart.Of("ServiceMonitor").SelectMany(monitor => Items(monitor, "spec.endpoints")), endpoint => Assert.Contains(
                At(endpoint, "port"), chart.Of("Service").SelectMany(service => Items(service, "spec.ports")).Select(port => At(port, "name"))));
            Assert.All(["startupProbe", "livenessProbe", "readinessProbe"], probe => Assert.Equal(
                chart.Settings["Health__Port"], At(Items(chart.Pod, "containers")[0], $"{probe}.grpc.port")!.ToString()));
            Assert.Equal(ports["health"]!.ToString(), chart.Settings["Health__Port"]);
            Assert.EndsWith($":{ports["grpc"]}", chart.Settings["Urls"], StringComparison.Ordinal);
            Assert.Equal(ports.TryGetValue("metrics", out var metrics) ? metrics!.ToString() : "0", chart.Settings["Metrics__Port"]);
        }
    }

    [Fact]
    public void Without_identities_only_the_releases_namespace_is_let_in_and_the_notes_say_so()
    {
        var chart = RenderedChart.Of([]);

        var from = Assert.Single(Items(Assert.Single(Items(chart.One("NetworkPolicy"), "spec.ingress")), "from"));
        Assert.Empty(Fields(At(from, "podSelector")!));
        Assert.Contains("WARNING: security.mode is None", chart.Notes, StringComparison.Ordinal);
        Assert.Contains("The pods of the namespace apps reach it", chart.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_is_asked_for_the_names_that_callers_use_and_mounted()
    {
        var chart = RenderedChart.Of(YamlText.Mapping("certificate: {enabled: true, issuerRef: {name: ca}}"));

        var certificate = chart.One("Certificate");
        Assert.All(chart.Of("Service").Select(service => At(service, "metadata.name")), service => Assert.All(
            [$"{service}", $"{service}.apps", $"{service}.apps.svc"], name => Assert.Contains(name, Items(certificate, "spec.dnsNames"))));
        Assert.Contains(At(certificate, "spec.secretName"), Items(chart.Pod, "volumes").Select(volume => At(volume, "secret.secretName")));
        Assert.StartsWith("https://", chart.Settings["Urls"], StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_settings_name_may_be_called_and_nothing_else()
    {
        var chart = RenderedChart.Of(YamlText.Mapping("telemetry: {otlp: {endpoint: 'http://collector.observability:4317'}}"));

        var ports = Items(Assert.Single(Items(chart.One("NetworkPolicy"), "spec.egress")), "ports").Select(port => (At(port, "port"), At(port, "protocol")));
        Assert.Equal([(53d, "UDP"), (53d, "TCP"), (4317d, "TCP")], ports);
        Assert.Empty(Items(RenderedChart.Of([]).One("NetworkPolicy"), "spec.egress"));
    }

    [Fact]
    public void Another_level_of_logging_restarts_no_pod()
    {
        var (before, after) = (RenderedChart.Of([]), RenderedChart.Of(YamlText.Mapping("settings: {logLevel: Debug}")));

        Assert.Equal(before.Texts["templates/statefulset.yaml"], after.Texts["templates/statefulset.yaml"]);
        Assert.Equal(before.Texts["templates/configmap.yaml"], after.Texts["templates/configmap.yaml"]);
        Assert.NotEqual(before.SettingsFile, after.SettingsFile);
        // A file that is mounted by itself never changes.
        Assert.All(Items(after.Pod, "containers").SelectMany(container => Items(container, "volumeMounts")), mount => Assert.Null(At(mount, "subPath")));
    }

    [Fact]
    public void The_dashboard_is_the_file()
    {
        var chart = RenderedChart.Of(YamlText.Mapping("dashboard: {enabled: true}"));

        var shown = chart.Of("ConfigMap").Select(map => Fields(At(map, "data")!).GetValueOrDefault("resource-service.json")).OfType<string>().Single();
        Assert.Equal(ChartFiles.Read("dashboards/resource-service.json").Trim(), shown);
    }

    [Fact]
    public void The_images_that_the_chart_names_are_those_that_it_runs()
    {
        var annotations = Fields(YamlText.Mapping(ChartFiles.Read("Chart.yaml"))["annotations"]);
        var named = YamlText.Documents((string)annotations["artifacthub.io/images"]!).Single();

        Assert.Equal(
            RenderedChart.Of([]).Pods.SelectMany(Containers).Select(container => At(container, "image")).Order(),
            ((List<object?>)named).Select(image => At(image, "image")).Order());
    }

    [Fact]
    public void Old_names_of_values_are_still_taken()
    {
        var chart = RenderedChart.Of(YamlText.Mapping("{replicas: 0, tests: {image: 'registry.example.org/probe:1'}}"));

        Assert.Equal(0d, At(chart.One("StatefulSet"), "spec.replicas"));
        Assert.Contains("The service is stopped: replicas, the old name of replicaCount, is 0.", chart.Notes, StringComparison.Ordinal);
        Assert.Equal("registry.example.org/probe:1", At(Items(At(chart.One("Pod"), "spec"), "containers")[0], "image"));
        Assert.Empty(ChartFiles.SchemaErrors(ChartFiles.DefaultsWith(YamlText.Mapping("{replicas: 0, tests: {image: 'registry.example.org/probe:1'}}"))));
    }

    [Fact]
    public void The_users_labels_are_on_every_object_and_pod_and_win_by_nearness()
    {
        var chart = RenderedChart.Of(YamlText.Mapping(
            """
            {commonLabels: {team: compute, tier: low}, podLabels: {tier: high}, commonAnnotations: {owner: compute}, backup: {enabled: true},
             settings: {metrics: {port: 9464}}, serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true},
             service: {annotations: {owner: network}}}
            """));

        Assert.All(chart.Objects, item =>
        {
            Assert.Equal("compute", Fields(At(item, "metadata.labels")!)["team"]);
            Assert.Contains("owner", Fields(At(item, "metadata.annotations")!).Keys);
        });
        var pod = Fields(At(chart.One("StatefulSet"), "spec.template.metadata.labels"));
        Assert.Equal(("compute", "high"), (pod["team"], pod["tier"]));
        Assert.Equal("network", Fields(At(chart.One("Service"), "metadata.annotations"))["owner"]);
        // What can never change has none of them.
        Assert.DoesNotContain("team", Fields(At(Items(chart.One("StatefulSet"), "spec.volumeClaimTemplates")[0], "metadata.labels")).Keys);
    }

    [Fact]
    public void A_backup_runs_where_the_service_does_on_its_volume()
    {
        var chart = RenderedChart.Of(YamlText.Mapping("backup: {enabled: true, keep: 3}"));

        var pod = At(chart.One("CronJob"), "spec.jobTemplate.spec.template.spec");
        var near = Items(pod, "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution").Single();
        Assert.Equal("kubernetes.io/hostname", At(near, "topologyKey"));
        Assert.Equal(At(chart.One("StatefulSet"), "spec.selector.matchLabels"), At(near, "labelSelector.matchLabels"));
        Assert.Equal(
            $"data-{At(chart.One("StatefulSet"), "metadata.name")}-0",
            At(Items(pod, "volumes").Single(volume => (string?)At(volume, "name") == "data"), "persistentVolumeClaim.claimName"));
        Assert.Equal(
            ["backup", "--to-folder=/backup", "--keep=3", "--Storage:DataDirectory=/data"], (List<object?>)At(Items(pod, "containers").Single(), "args")!);
        Assert.Equal("keep", Fields(At(chart.One("PersistentVolumeClaim"), "metadata.annotations"))["helm.sh/resource-policy"]);
        Assert.Equal(true, At(RenderedChart.Of(YamlText.Mapping("{replicaCount: 0, backup: {enabled: true}}")).One("CronJob"), "spec.suspend"));
        // Pods beside the service's get no calls.
        Assert.NotEqual(
            Fields(At(chart.One("Service"), "spec.selector"))["app.kubernetes.io/name"],
            Fields(At(chart.One("CronJob"), "spec.jobTemplate.spec.template.metadata.labels"))["app.kubernetes.io/name"]);
    }

    [Fact]
    public void Telemetry_names_the_pod_unless_the_user_does()
    {
        const string Otlp = "telemetry: {otlp: {endpoint: 'http://collector.observability:4317', resourceAttributes: {b: '2', a: '1'}}}";
        var named = Environment(RenderedChart.Of(YamlText.Mapping(Otlp)));
        var users = Environment(RenderedChart.Of(YamlText.Mapping($"{{{Otlp}, extraEnv: [{{name: OTEL_RESOURCE_ATTRIBUTES, value: x=y}}]}}")));

        var attributes = (string)At(named.Single(variable => (string?)At(variable, "name") == "OTEL_RESOURCE_ATTRIBUTES"), "value")!;
        Assert.Contains("k8s.pod.name=$(K8S_POD_NAME)", attributes, StringComparison.Ordinal);
        Assert.EndsWith(",a=1,b=2", attributes, StringComparison.Ordinal);
        // What is put in stands before it.
        Assert.All(
            attributes.Split("$(")[1..].Select(part => part.Split(')')[0]).Distinct(),
            name => Assert.True(named.FindIndex(variable => (string?)At(variable, "name") == name) is >= 0 and var place && place < named.Count - 1, name));
        Assert.Equal("x=y", At(users.Single(), "value"));

        static List<object?> Environment(RenderedChart chart) => Items(Items(chart.Pod, "containers")[0], "env");
    }

    private static object? At(object? item, string path) => ChartValues.At(item, path);

    private static List<object?> Items(object? item, string path) => (List<object?>?)At(item, path) ?? [];

    private static IEnumerable<object?> Containers(object pod) => [.. Items(pod, "initContainers"), .. Items(pod, "containers")];

    private static Dictionary<string, object?> Fields(object? item) => (Dictionary<string, object?>)item!;
}
