namespace ResourceService.Server.Tests.Telemetry;

/// <summary>
/// One accepted and one refused claim of each kind, as a collector gets them: what was claimed, where it went and why it was refused can be read from
/// each span, each line and each metric.
/// </summary>
public sealed class WhenClaimsAreObserved(ObservedService service) : IClassFixture<ObservedService>
{
    private const string ClaimService = "resourceservice.v1.ClaimService";
    private const string NodeId = "resource_service.node.id";
    private const string InstanceId = "resource_service.instance.id";
    private const string ClaimId = "resource_service.claim.id";
    private const string Why = "resource_service.refusal";

    private ServiceClients Clients => service.Clients;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_claim_on_a_named_node_tells_what_where_and_why(bool validateOnly)
    {
        var (node, _) = await service.RegisterAsync();
        await TellsAsync(node, vcpus => new ClaimInstanceRequest(Requests.Claim(node, vcpus: vcpus)) { ValidateOnly = validateOnly }, "DOES_NOT_FIT", "VCPU");
    }

    [Fact]
    public async Task A_claim_among_candidates_tells_what_where_and_why()
    {
        var (node, _) = await service.RegisterAsync();
        await TellsAsync(node, vcpus => new ClaimInstanceRequest(Requests.Claim(vcpus: vcpus)) { CandidateNodeIds = { node } }, "NO_CANDIDATE_FITS", node);
    }

    [Fact]
    public async Task A_claim_on_a_node_that_the_service_chooses_tells_what_where_and_why()
    {
        var (node, zone) = await service.RegisterAsync();
        await TellsAsync(node, vcpus => Requests.ClaimAmong(zone, vcpus), "NO_CANDIDATE_FITS", "VCPU ABOVE_MAX_UNIT on 1");
    }

    [Fact]
    public async Task The_steps_of_a_claim_tell_them_as_well()
    {
        var (node, _) = await service.RegisterAsync();
        var claim = (await Clients.Claims.ClaimInstanceAsync(Requests.Claim(node))).Claim;

        var decision = await service.SpanAsync("decision", ClaimId, claim.ClaimId);
        Assert.Equal((node, claim.Instance.InstanceId), (decision.Attributes[NodeId], decision.Attributes[InstanceId]));
        await Eventually.HoldsAsync(
            "the other steps arrive", () => Task.FromResult(Steps().Select(span => span.Name).Order().SequenceEqual(["commit", "decision", "queue wait"])));
        Assert.All(Steps(), step => Assert.Equal(node, step.Attributes[NodeId]));

        IEnumerable<ReceivedSpan> Steps() => service.Receiver.Spans.Where(span => span.ParentId == decision.ParentId);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_claim_of_a_batch_tells_what_where_and_why(bool allOrNothing)
    {
        var (node, _) = await service.RegisterAsync();
        var (fits, tooLarge) = (Requests.Claim(node), Requests.Claim(node, vcpus: 100));
        var batch = new ClaimInstancesRequest { RequestId = Unique.RequestId(), Requests = { fits, tooLarge }, AllOrNothing = allOrNothing };
        var results = (await Clients.Claims.ClaimInstancesAsync(batch)).Results;

        await service.LineAsync("(DOES_NOT_FIT) about ", tooLarge.Instance.InstanceId, node, "VCPU");
        await Eventually.HoldsAsync(
            "the batch arrives", () => Task.FromResult(service.Receiver.Spans.Any(span => span.Events.Any(claim => claim.GetValueOrDefault(InstanceId) == fits.Instance.InstanceId))));
        var events = service.Receiver.Spans.Single(span => span.Events.Any(claim => claim.GetValueOrDefault(InstanceId) == fits.Instance.InstanceId)).Events;
        // The one that is looked for comes first.
        Assert.Equal((tooLarge.Instance.InstanceId, node, "DOES_NOT_FIT", "refused"), Told(events[0]));
        Assert.Contains("VCPU", events[0][Why], StringComparison.Ordinal);
        Assert.Equal(
            allOrNothing ? (fits.Instance.InstanceId, node, "BATCH_NOT_APPLIED", "refused") : (fits.Instance.InstanceId, node, "", "accepted"), Told(events[1]));
        Assert.Equal(results[0].Claim?.ClaimId ?? "", events[1].GetValueOrDefault(ClaimId, ""));

        static (string, string, string, string) Told(IReadOnlyDictionary<string, string> claim) =>
            (claim[InstanceId], claim[NodeId], claim.GetValueOrDefault("error.type", ""), claim["resource_service.outcome"]);
    }

    [Fact]
    public async Task Of_a_large_batch_the_refused_claims_are_told_before_the_others()
    {
        var (node, _) = await service.RegisterAsync();
        var batch = new ClaimInstancesRequest { Requests = { Enumerable.Range(0, 100).Select(_ => Requests.Claim(node, vcpus: 0)) } };
        batch.Requests[^1].Resources.Resources["VCPU"] = 100;
        foreach (var request in batch.Requests.SkipLast(1))
            request.Resources.Resources.Remove("VCPU");
        await Clients.Claims.ClaimInstancesAsync(batch);

        await Eventually.HoldsAsync("the batch arrives", () => Task.FromResult(Batch() is not null));
        Assert.Equal(("99", "1", 64), (Batch()!.Attributes["resource_service.batch.accepted"], Batch()!.Attributes["resource_service.batch.refused"], Batch()!.Events.Count));

        ReceivedSpan? Batch() =>
            service.Receiver.Spans.SingleOrDefault(span => span.Events.Any(claim => claim.GetValueOrDefault(InstanceId) == batch.Requests[^1].Instance.InstanceId));
    }

    [Fact]
    public async Task Each_claim_of_a_stream_tells_what_where_and_why()
    {
        var (node, _) = await service.RegisterAsync();
        var (fits, tooLarge) = (Requests.Claim(node), Requests.Claim(node, vcpus: 100));
        using (var stream = Clients.Claims.StreamClaims())
        {
            foreach (var request in new[] { fits, tooLarge })
                await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = request });
            await stream.RequestStream.CompleteAsync();
            while (await stream.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        }

        await TellAsync("StreamClaims request", node, fits, tooLarge, "DOES_NOT_FIT", "VCPU");
        await service.SeriesAsync("resource_service.stream_request.duration", ("code", "ok"));
        await service.SeriesAsync("resource_service.stream_request.duration", ("code", "resource_exhausted"));
    }

    [Fact]
    public async Task A_migration_tells_what_where_and_why()
    {
        var (source, _) = await service.RegisterAsync();
        var (target, _) = await service.RegisterAsync();
        var instance = await ConfirmedAsync(source);
        var (resized, moved) = (await ConfirmedAsync(source), await ConfirmedAsync(source));
        await Assert.ThrowsAsync<RpcException>(async () => await Clients.Resizes.ClaimResizeAsync(
            new ClaimResizeRequest { InstanceId = instance, TargetNodeId = target, Resources = Requests.Resources(100) }));
        var resize = (await Clients.Resizes.ClaimResizeAsync(
            new ClaimResizeRequest { InstanceId = resized, TargetNodeId = target, Resources = Requests.Resources(2) })).Migration;
        await Clients.Resizes.ConfirmResizeAsync(new ConfirmResizeRequest { MigrationId = resize.MigrationId });
        var move = (await Clients.Migrations.ClaimMigrationAsync(
            new ClaimMigrationRequest { Type = MigrationType.ColdMigration, InstanceId = moved, TargetNodeId = target })).Migration;

        var refused = (await service.SpanAsync("resourceservice.v1.ResizeService/ClaimResize", InstanceId, instance)).Attributes;
        Assert.Equal((target, "DOES_NOT_FIT", "refused"), (refused[NodeId], refused["error.type"], refused["resource_service.outcome"]));
        Assert.Contains("VCPU", refused[Why], StringComparison.Ordinal);
        foreach (var (name, migration) in new[] { ("ResizeService/ClaimResize", resize), ("ResizeService/ConfirmResize", resize), ("MigrationService/ClaimMigration", move) })
        {
            var told = (await service.SpanAsync($"resourceservice.v1.{name}", "resource_service.migration.id", migration.MigrationId)).Attributes;
            Assert.Equal((target, migration.InstanceId, "accepted"), (told[NodeId], told[InstanceId], told["resource_service.outcome"]));
        }

        var decision = (await service.SpanAsync("decision", ClaimId, move.TargetClaimId)).Attributes;
        Assert.Equal((moved, string.Join(' ', new[] { source, target }.Order())), (decision[InstanceId], string.Join(' ', decision["resource_service.node.ids"].Split(' ').Order())));
        await service.LineAsync("ClaimResize was answered with ResourceExhausted (DOES_NOT_FIT) about ", instance, target, "VCPU");
        await service.LineAsync("ClaimMigration was accepted about ", moved, target, move.MigrationId);
    }

    [Fact]
    public async Task Metrics_have_the_names_of_the_conventions_and_tell_the_reason()
    {
        var (node, _) = await service.RegisterAsync();
        await Clients.Claims.ClaimInstanceAsync(Requests.Claim(node));
        await Assert.ThrowsAsync<RpcException>(async () => await Clients.Claims.ClaimInstanceAsync(Requests.Claim(node, vcpus: 100)));

        (string, string)[] call = [
            ("rpc.system.name", "grpc"), ("rpc.method", $"{ClaimService}/ClaimInstance"), ("server.address", "127.0.0.1"),
            ("server.port", Clients.Address.Port.ToString())];
        await service.SeriesAsync("rpc.server.call.duration", [.. call, ("rpc.response.status_code", "OK")]);
        await service.SeriesAsync("rpc.server.call.duration", [.. call, ("rpc.response.status_code", "RESOURCE_EXHAUSTED"), ("error.type", "DOES_NOT_FIT")]);
        await service.SeriesAsync("resource_service.claims", ("outcome", "accepted"));
        await service.SeriesAsync("resource_service.claims", ("outcome", "refused"), ("reason", "DOES_NOT_FIT"));
        await service.SeriesAsync("resource_service.refused_dimensions", ("reason", "ABOVE_MAX_UNIT"));
        Assert.DoesNotContain(
            service.Receiver.Points["rpc.server.call.duration"], point => point["rpc.response.status_code"] == "OK" && point.ContainsKey("error.type"));
        Assert.Equal(typeof(Claim).Assembly.GetName().Version!.ToString(3), service.Receiver.Scopes["ResourceService"]);
    }

    [Fact]
    public async Task What_a_caller_writes_makes_no_span_and_no_line_longer_than_an_id()
    {
        var text = $"no-id-{Unique.Id("x")}\n{new string('x', 10_000)}";
        await Assert.ThrowsAsync<RpcException>(async () => await Clients.Claims.ClaimInstanceAsync(Requests.Claim(instanceId: text)));

        var span = await service.SpanAsync($"{ClaimService}/ClaimInstance", InstanceId, text[..255]);
        Assert.Equal(("INVALID_ARGUMENT", "INVALID_FIELD"), (span.Attributes["rpc.response.status_code"], span.Attributes["error.type"]));
        await service.LineAsync("(INVALID_FIELD)", text.Split('\n')[0]);
        Assert.DoesNotContain(service.Receiver.Logs, line => line.Text.Contains('\n', StringComparison.Ordinal) || line.Text.Length > 2000);
    }

    private async Task TellsAsync(string node, Func<long, ClaimInstanceRequest> request, string reason, string why)
    {
        var (fits, tooLarge) = (request(2), request(100));
        var claim = (await Clients.Claims.ClaimInstanceAsync(fits)).Claim;
        await Assert.ThrowsAsync<RpcException>(async () => await Clients.Claims.ClaimInstanceAsync(tooLarge));

        var accepted = await TellAsync($"{ClaimService}/ClaimInstance", node, fits, tooLarge, reason, why);
        Assert.Equal(claim.ClaimId, accepted.GetValueOrDefault(ClaimId, ""));
        Assert.Equal(("127.0.0.1", Clients.Address.Port.ToString()), (accepted["server.address"], accepted["server.port"]));
    }

    private async Task<IReadOnlyDictionary<string, string>> TellAsync(
        string name, string node, ClaimInstanceRequest fits, ClaimInstanceRequest tooLarge, string reason, string why)
    {
        var accepted = (await service.SpanAsync(name, InstanceId, fits.Instance.InstanceId)).Attributes;
        Assert.Equal((node, "OK", "accepted"), (accepted[NodeId], accepted["rpc.response.status_code"], accepted["resource_service.outcome"]));
        Assert.Equal(("grpc", $"{ClaimService}/{(name.Contains('/', StringComparison.Ordinal) ? "ClaimInstance" : "StreamClaims")}"), (accepted["rpc.system.name"], accepted["rpc.method"]));
        Assert.DoesNotContain("error.type", accepted.Keys);
        var refused = (await service.SpanAsync(name, InstanceId, tooLarge.Instance.InstanceId)).Attributes;
        Assert.Equal(
            ("RESOURCE_EXHAUSTED", reason, "refused"), (refused["rpc.response.status_code"], refused["error.type"], refused["resource_service.outcome"]));
        Assert.Contains(why, refused[Why], StringComparison.Ordinal);
        // Where the service may choose, it is the reasons that tell of nodes.
        Assert.Equal(tooLarge.NodeId, refused.GetValueOrDefault(NodeId, ""));
        await service.LineAsync(" was accepted about ", fits.Instance.InstanceId, node);
        await service.LineAsync($" was answered with ResourceExhausted ({reason}) about ", tooLarge.Instance.InstanceId, why);
        return accepted;
    }

    private async Task<string> ConfirmedAsync(string node)
    {
        var claim = (await Clients.Claims.ClaimInstanceAsync(Requests.Claim(node))).Claim;
        await Clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        return claim.Instance.InstanceId;
    }
}
