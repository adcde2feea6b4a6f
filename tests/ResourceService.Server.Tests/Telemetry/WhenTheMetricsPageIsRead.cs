using System.Text.Json.Nodes;
using ResourceService.Server.Tests.Chart;
using ResourceService.Server.Tests.Wire;

namespace ResourceService.Server.Tests.Telemetry;

public sealed class WhenTheMetricsPageIsRead : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly int _port = MetricsPage.FreePort();
    private ServiceProcess _service = null!;

    public async ValueTask InitializeAsync() => _service = await ServiceProcess.StartAsync(_directory.Path, $"--Metrics:Port={_port}");

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task What_was_done_is_counted_by_outcome_reason_and_kind()
    {
        var (claims, nodes) = (_service.Clients.Claims, _service.Clients.Nodes);
        await nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 8));
        var request = Requests.Claim("node-1", vcpus: 2);
        var claim = (await claims.ClaimInstanceAsync(request)).Claim;
        await claims.ClaimInstanceAsync(request);
        await claims.ClaimInstanceAsync(Requests.Claim("node-1", vcpus: 3));
        await claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        await RefusedAsync(Requests.Claim("node-1", vcpus: 4));
        await RefusedAsync(Requests.Claim("nowhere"));
        await RefusedAsync(Requests.ClaimAmong("no-such-zone"));
        await RefusedAsync(new ClaimInstanceRequest(Requests.Claim("node-1")) { ExpectedGeneration = 1 });

        var page = await MetricsPage.ReadAsync(_port);

        Assert.Equal(3, page.Sum("resource_service_claims_total", ("outcome", "accepted")));
        Assert.Equal(1, page.Sum("resource_service_claims_total", ("outcome", "refused"), ("reason", "DOES_NOT_FIT")));
        Assert.Equal(1, page.Sum("resource_service_claims_total", ("reason", "NODE_NOT_FOUND")));
        Assert.Equal(1, page.Sum("resource_service_claims_total", ("reason", "NO_CANDIDATE_FITS")));
        Assert.Equal(1, page.Sum("resource_service_refused_dimensions_total", ("reason", "CAPACITY_EXCEEDED")));
        Assert.Equal(1, page.Sum("resource_service_refused_dimensions_total", ("reason", "NODE_FILTERED")));
        Assert.Equal(1, page.Sum("resource_service_repeated_requests_total"));
        Assert.Equal(1, page.Sum("resource_service_generation_conflicts_total", ("found_by", "caller")));
        Assert.Equal(2, page.Sum("resource_service_committed_changes_total", ("kind", "instance_claimed")));
        Assert.Equal(4, page.Sum("resource_service_committed_changes_total"));
        Assert.Equal(7, page.Sum("resource_service_rpc_duration_seconds_count", ("method", "ClaimInstance")));
        Assert.Equal(3, page.Sum("resource_service_rpc_duration_seconds_count", ("method", "ClaimInstance"), ("code", "ok")));
        Assert.Equal(
            page.Sum("resource_service_commits_total"), page.Sum("resource_service_commit_duration_seconds_count"));

        Task<RpcException> RefusedAsync(ClaimInstanceRequest refused) =>
            Assert.ThrowsAsync<RpcException>(async () => await claims.ClaimInstanceAsync(refused));
    }

    [Fact]
    public async Task Calls_that_do_not_come_to_their_method_are_counted_with_their_reasons()
    {
        const string Calls = "rpc_server_call_duration_seconds_count";
        const string Method = "resourceservice.v1.ClaimService/ClaimInstance";
        using var raw = new RawGrpc(_service.Clients.Address);
        await raw.PostAsync($"/{Method}", []);
        await raw.PostAsync("/resourceservice.v1.ClaimService/StreamClaims", RawGrpc.FrameSaying(100, [1]));
        await raw.PostAsync("/resourceservice.v1.ClaimService/WhatCallersWrite", []);

        var page = await MetricsPage.ReadAsync(_port);

        Assert.Equal(1, page.Sum(Calls, ("rpc_method", Method), ("rpc_response_status_code", "INVALID_ARGUMENT"), ("error_type", "MALFORMED_CALL")));
        Assert.Equal(1, page.Sum(Calls, ("rpc_method", "resourceservice.v1.ClaimService/StreamClaims"), ("error_type", "MALFORMED_CALL")));
        Assert.Equal(1, page.Sum(Calls, ("rpc_method", "_OTHER"), ("error_type", "NOT_IMPLEMENTED")));
        Assert.DoesNotContain(page.Samples, sample => sample.Labels.Values.Any(label => label.Contains("WhatCallersWrite", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Targets_of_moves_are_counted_as_claims()
    {
        var (claims, migrations) = (_service.Clients.Claims, _service.Clients.Migrations);
        await _service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 8));
        await _service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-2", vcpus: 8));
        await claims.ClaimInstanceAsync(Requests.Claim("node-2", vcpus: 4));
        var claim = (await claims.ClaimInstanceAsync(Requests.Claim("node-1", vcpus: 2))).Claim;
        await claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        var resize = new ClaimResizeRequest
        {
            InstanceId = claim.Instance.InstanceId,
            TargetNodeId = "node-2",
            Resources = Requests.Resources(5),
            Lease = Requests.Seconds(1),
        };
        await Assert.ThrowsAsync<RpcException>(async () => await _service.Clients.Resizes.ClaimResizeAsync(resize));
        await Assert.ThrowsAsync<RpcException>(async () =>
            await _service.Clients.Resizes.ClaimResizeAsync(new ClaimResizeRequest(resize) { ValidateOnly = true }));
        var migration = new ClaimMigrationRequest
        {
            Type = MigrationType.ColdMigration,
            InstanceId = resize.InstanceId,
            TargetNodeId = "node-2",
            Resources = resize.Resources,
            Lease = resize.Lease,
        };
        await Assert.ThrowsAsync<RpcException>(async () => await migrations.ClaimMigrationAsync(migration));
        migration.Resources = null;
        await migrations.ClaimMigrationAsync(migration);

        var page = await MetricsPage.ReadAsync(_port);

        Assert.Equal(3, page.Sum("resource_service_claims_total", ("outcome", "accepted")));
        Assert.Equal(2, page.Sum("resource_service_claims_total", ("outcome", "refused"), ("reason", "DOES_NOT_FIT")));
        Assert.Equal(2, page.Sum("resource_service_refused_dimensions_total", ("reason", "CAPACITY_EXCEEDED")));
        await Eventually.HoldsAsync(
            "the move's lease ends on the page", async () => (await MetricsPage.ReadAsync(_port)).Sum("resource_service_expired_leases_total") == 1);
    }

    [Fact]
    public async Task The_page_is_on_its_own_port_alone_whatever_host_a_caller_names()
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_service.Clients.Address, "/metrics"))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { Host = $"127.0.0.1:{_port}" },
        };

        using var answer = await http.SendAsync(request);

        Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task What_is_held_is_shown_fleet_wide_as_it_is_at_that_moment()
    {
        var (claims, nodes) = (_service.Clients.Claims, _service.Clients.Nodes);
        await nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 8));
        await nodes.RegisterNodeAsync(Requests.Node("node-2", vcpus: 4));
        await nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = "node-2", State = NodeState.Draining });
        var held = (await claims.ClaimInstanceAsync(Requests.Claim("node-1", vcpus: 2))).Claim;
        await claims.ClaimInstanceAsync(Requests.Claim("node-1", vcpus: 3));
        await claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = held.ClaimId });
        var brief = Requests.Claim("node-1", vcpus: 1);
        brief.Lease = Requests.Seconds(1);
        await claims.ClaimInstanceAsync(brief);
        using var watch = nodes.WatchNodes(new WatchNodesRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));

        await Eventually.HoldsAsync(
            "the lease ends on the page", async () => (await MetricsPage.ReadAsync(_port)).Sum("resource_service_expired_leases_total") == 1);

        // The page is made anew once what was seen a moment ago is too old.
        await Eventually.HoldsAsync("all of it is shown", async () =>
        {
            var page = await MetricsPage.ReadAsync(_port);
            return (page.Sum("resource_service_capacity", ("class", "VCPU")), page.Sum("resource_service_used", ("class", "VCPU"))) == (12, 5)
                && (page.Sum("resource_service_live_claims", ("state", "held")), page.Sum("resource_service_live_claims", ("state", "active"))) == (1, 1)
                && (page.Sum("resource_service_nodes", ("state", "enabled")), page.Sum("resource_service_nodes", ("state", "draining"))) == (1, 1)
                && (page.Sum("resource_service_watchers"), page.Sum("resource_service_remembered_requests")) == (1, 3)
                && page.Sum("resource_service_store_available") == 1;
        });
    }

    [Fact]
    public async Task Classes_that_callers_make_up_share_a_label_once_there_are_many()
    {
        var node = Requests.Node("node-1");
        for (var i = 0; i < 50; i++)
            node.Inventories.Add($"CUSTOM_CLASS_{i}", new Inventory { Total = 10 });
        await _service.Clients.Nodes.RegisterNodeAsync(node);

        var page = await MetricsPage.ReadAsync(_port);

        var classes = page.LabelValues("resource_service_capacity", "class").ToList();
        Assert.Contains("VCPU", classes);
        Assert.Equal(20, classes.Count(label => label.StartsWith("CUSTOM_", StringComparison.Ordinal)));
        Assert.Equal(300, page.Sum("resource_service_capacity", ("class", "other")));
    }

    [Fact]
    public async Task Whoever_asks_for_another_format_gets_the_same_page()
    {
        var plain = await MetricsPage.ReadAsync(_port);
        var asked = await MetricsPage.ReadAsync(
            _port, "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.8,*/*;q=0.1", "application/openmetrics-text");

        Assert.Equal(plain.Names.Order(), asked.Names.Order());
    }

    [Fact]
    public async Task Promtool_has_nothing_against_the_page()
    {
        await _service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        await _service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));
        using var page = new TemporaryDirectory();
        var file = Path.Combine(page.Path, "page.txt");
        await File.WriteAllTextAsync(file, await MetricsPage.TextAsync(_port));

        var (exitCode, output) = await ExternalProgram.RunAsync(page.Path, "sh", "-c", "command -v promtool > /dev/null || exit 77; promtool check metrics < page.txt");

        Assert.SkipWhen(exitCode == 77, "promtool is not installed (Debian: prometheus)");
        // The runtime's own names are the runtime's.
        Assert.DoesNotContain(output.Split('\n'), line => line.Length > 0 && !line.StartsWith("dotnet_", StringComparison.Ordinal));
        Assert.True(exitCode is 0 or 3, output);
    }

    [Fact]
    public async Task What_runs_full_or_old_is_shown()
    {
        var (claims, nodes) = (_service.Clients.Claims, _service.Clients.Nodes);
        var node = Requests.Node("node-1", vcpus: 8);
        node.Inventories["VCPU"] = new Inventory { Total = 8, StepSize = 2, MaxUnit = 6 };
        await nodes.RegisterNodeAsync(node);
        await nodes.RegisterNodeAsync(Requests.Node("node-2", vcpus: 100));
        await nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = "node-2", State = NodeState.Disabled });
        var before = await MetricsPage.ReadAsync(_port);
        var claim = (await claims.ClaimInstanceAsync(Requests.Claim("node-1", vcpus: 4))).Claim;

        // Of node-1, whose units allow six, then the four that are left; node-2 takes no claims.
        Assert.Equal((6, 0), (before.Sum("resource_service_largest_request", ("class", "VCPU")), before.Sum("resource_service_oldest_held_claim_seconds")));
        await Eventually.HoldsAsync("the claim is shown", async () =>
        {
            var page = await MetricsPage.ReadAsync(_port);
            return page.Sum("resource_service_oldest_held_claim_seconds") > 0 && page.Sum("resource_service_largest_request", ("class", "VCPU")) == 4;
        });
        await claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        await Eventually.HoldsAsync(
            "no claim is held", async () => (await MetricsPage.ReadAsync(_port)).Sum("resource_service_oldest_held_claim_seconds") == 0);

        var last = await MetricsPage.ReadAsync(_port);
        Assert.Equal(new FileInfo(Path.Combine(_directory.Path, "ledger.db")).Length, last.Sum("resource_service_database_size_bytes"));
        Assert.Equal(new FileInfo(Path.Combine(_directory.Path, "ledger.db-wal")).Length, last.Sum("resource_service_wal_size_bytes"));
        Assert.InRange(last.Sum("resource_service_volume_free_bytes"), 1, last.Sum("resource_service_volume_size_bytes"));
        Assert.InRange(last.Sum("process_start_time_seconds"), 1, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 1);
    }

    [Fact]
    public async Task Every_metric_of_the_dashboard_is_on_the_page()
    {
        await _service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        await _service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));
        using (var stream = _service.Clients.Claims.StreamClaims())
        {
            await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim("node-1") });
            Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        }

        var path = Path.Combine(ServiceProcess.ProtosPath, "../charts/resource-service/dashboards/resource-service.json");
        var dashboard = JsonNode.Parse(await File.ReadAllTextAsync(path))!;

        var expressions = dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]?.AsArray() ?? []).Select(target => (string)target!["expr"]!);
        var page = await MetricsPage.ReadAsync(_port);

        Assert.True(MetricQueries.Require(page, expressions) > 40, "the dashboard shows hardly anything");
    }

    [Fact]
    public async Task Every_metric_of_the_alerts_is_on_the_page()
    {
        await _service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        await _service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));

        var page = await MetricsPage.ReadAsync(_port);

        Assert.True(MetricQueries.Require(page, AlertTrials.Rules.Select(rule => AlertTrials.Text(rule, "expr"))) > 15, "the alerts look at hardly anything");
    }
}
