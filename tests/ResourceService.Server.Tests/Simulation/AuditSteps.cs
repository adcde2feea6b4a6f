namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// Audits of pictures of now and of earlier. Only what is wrong in a picture, and did not change since, may be healed, and it must be if it fits.
/// </summary>
internal sealed class AuditSteps(FleetCaller caller)
{
    private const int PicturesMax = 4;

    // Pictures that were taken and have not been sent yet.
    private readonly List<Picture> _earlier = [];

    private FleetModel Model => caller.Model;

    private Random Random => caller.Random;

    public async Task AuditAsync()
    {
        var isEarlier = Random.Next(2) == 0 && _earlier.Count > 0;
        var picture = isEarlier ? Earlier() : await TakeAsync();
        if (picture is null)
            return;
        if (!isEarlier && Random.Next(3) == 0 && _earlier.Count < PicturesMax)
        {
            _earlier.Add(picture);
            return;
        }

        var what = isEarlier ? "AuditNode of earlier" : "AuditNode";
        var mode = Random.Next(4) > 0 ? AuditMode.Heal : AuditMode.Report;
        var request = picture.ToRequest(mode);
        string[] errors = Model.Nodes.ContainsKey(picture.Node) ? [] : ["NODE_NOT_FOUND"];
        Audit? made = null;
        await caller.CallAsync(what, errors, clients => clients.Audits.AuditNodeAsync(request).ResponseAsync, answer =>
        {
            var healed = answer.Audit.Drifts
                .Where(drift => drift.Action is DriftAction.ClaimReleased or DriftAction.ClaimCorrected or DriftAction.InstanceAdopted)
                .ToList();
            foreach (var drift in answer.Audit.Drifts)
                caller.Count($"{what}, each drift", drift.Action.ToString());
            if (mode == AuditMode.Report)
            {
                Assert.Empty(healed);
                return;
            }

            made = answer.Audit;
            Heal(picture, healed);
        });
        if (made is not null)
            await CompareCountedAsync(picture, made);
    }

    private Picture Earlier()
    {
        var picture = _earlier[Random.Next(_earlier.Count)];
        _earlier.Remove(picture);
        return picture;
    }

    private async Task<Picture?> TakeAsync()
    {
        var node = caller.AnyNode();
        if (!Model.Nodes.ContainsKey(node))
            return null;
        var seen = await caller.ReadAsync(clients => clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = node }).ResponseAsync);
        return Picture.Take(Model, Random, node, seen.Node.Generation, caller.AnyInstance());
    }

    private void Heal(Picture picture, List<Drift> healed)
    {
        var ended = Model.Nodes[picture.Node].Ended;
        EndUnseen(picture, healed);
        if (picture.Wrong == Wrong.Untracked)
        {
            Adopt(picture, healed, ended);
            return;
        }

        if (!CanHeal(picture))
        {
            Assert.Empty(healed);
            return;
        }

        var drift = Assert.Single(healed);
        Assert.Equal((picture.Subject!.Id, picture.Subject.Instance), (drift.ClaimId, drift.InstanceId));
        if (picture.Shown is null)
        {
            Assert.Equal((DriftKind.OrphanedClaim, DriftAction.ClaimReleased), (drift.Kind, drift.Action));
            Model.End(picture.Subject, ClaimState.Released);
            return;
        }

        var kind = picture.Wrong == Wrong.Repinned ? DriftKind.PinningMismatch : DriftKind.UsageMismatch;
        Assert.Equal((kind, DriftAction.ClaimCorrected), (drift.Kind, drift.Action));
        (picture.Subject.Vcpus, picture.Subject.Cpus, picture.Subject.Devices) = (picture.Shown.Vcpus, picture.Shown.Cpus, picture.Shown.Devices);
        Model.Touch(picture.Subject);
    }

    // What was counted of instances that the picture does not show ends, unless it was counted later.
    private void EndUnseen(Picture picture, List<Drift> healed)
    {
        var unseen = Model.On(picture.Node)
            .Where(claim => claim.Role == ClaimRole.Observed && claim.Changed <= picture.Time && picture.Instances.All(seen => seen.Id != claim.Instance))
            .ToList();
        foreach (var claim in unseen)
        {
            var drift = Assert.Single(healed, drift => drift.ClaimId == claim.Id);
            Assert.Equal((DriftKind.OrphanedClaim, DriftAction.ClaimReleased), (drift.Kind, drift.Action));
            healed.Remove(drift);
            Model.End(claim, ClaimState.Released);
        }
    }

    /// <summary>
    /// What the service counts now, against what the picture shows: of each instance that it judged, all that nobody else holds, and of no other anything
    /// new. Which it judged it says itself, for after a restart that is not known exactly.
    /// </summary>
    private async Task CompareCountedAsync(Picture picture, Audit audit)
    {
        var listed = await caller.ReadAsync(
            clients => clients.Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = picture.Node, PageSize = 1000 }).ResponseAsync);
        var counted = listed.Claims.Where(claim => claim.Role == ClaimRole.Observed).ToDictionary(claim => claim.ClaimId, StringComparer.Ordinal);
        foreach (var gone in Model.On(picture.Node).Where(claim => claim.Role == ClaimRole.Observed && !counted.ContainsKey(claim.Id)).ToList())
        {
            Assert.True(gone.Changed <= picture.Time, $"{gone.Id} was counted after the picture");
            Model.End(gone, ClaimState.Released);
        }

        foreach (var drift in audit.Drifts.Where(drift => drift.Action == DriftAction.Counted))
            Assert.Single(counted.Values, claim => claim.Instance.InstanceId == drift.InstanceId);
        Assert.DoesNotContain(audit.Drifts, drift => drift is { Kind: DriftKind.UntrackedInstance, Action: DriftAction.SkippedDoesNotFit or DriftAction.Reported });
        foreach (var claim in counted.Values)
            Count(picture, claim);
    }

    private void Count(Picture picture, Claim claim)
    {
        var known = Model.Observed(picture.Node, claim.Instance.InstanceId);
        var (vcpus, cpus, devices) = (
            claim.Resources.GetValueOrDefault("VCPU"), FleetModel.CpusOf(claim), claim.Devices.Select(device => device.Address).ToList());
        if (known is not null && known.Vcpus == vcpus && known.Cpus.SequenceEqual(cpus) && known.Devices.SequenceEqual(devices))
            return;

        Assert.True(known is null || known.Changed <= picture.Time, $"{claim.ClaimId} was counted after the picture, and changed");
        var shown = picture.Instances.Single(seen => seen.Id == claim.Instance.InstanceId);
        var others = Model.On(picture.Node).Where(other => other != known).ToList();
        var held = others.Where(other => other.Instance == shown.Id).Sum(other => other.Vcpus);
        Assert.Equal(Math.Max(0, shown.Vcpus - held), vcpus);
        Assert.Equal(shown.Cpus.Except(others.SelectMany(other => other.Cpus)), cpus);
        Assert.Equal(shown.Devices.Except(others.SelectMany(other => other.Devices)).Order(), devices.Order());
        caller.Count("counted", known is null ? "anew" : "changed");
        if (known is null)
        {
            Model.Add(new ModelClaim(claim.ClaimId, picture.Node, shown.Id, ClaimRole.Observed)
            {
                Vcpus = vcpus,
                Cpus = cpus,
                Devices = devices,
                State = ClaimState.Active,
            });
            return;
        }

        (known.Vcpus, known.Cpus, known.Devices) = (vcpus, cpus, devices);
        Model.Touch(known);
    }

    // Whether anything is wrong with a claim that neither moves nor changed since, and there is room for what is shown.
    private bool CanHeal(Picture picture)
    {
        if (picture.Subject is not { IsLive: true } claim || claim.Changed > picture.Time || Model.MoveOf(claim.Instance) is not null)
            return false;
        if (picture.Shown is not { } shown)
            return true;
        var more = shown.Vcpus - claim.Vcpus;
        var standing = Model.Standing(picture.Node, picture.Time).ToList();
        return !shown.IsAs(claim)
            && (more <= 0 || standing.Sum(other => other.Vcpus) + more <= Model.Nodes[picture.Node].Vcpus)
            && FleetModel.AreFree(standing.Where(other => other != claim), shown.Cpus, shown.Devices);
    }

    // Nothing is adopted that may have ended since the picture; when that is, is not known exactly after a restart.
    private void Adopt(Picture picture, List<Drift> healed, long ended)
    {
        var (node, shown) = (Model.Nodes[picture.Node], picture.Shown!);
        var standing = Model.Standing(picture.Node, picture.Time).ToList();
        var canAdopt = !Model.Holds(shown.Id)
            && ended <= picture.Time
            && standing.TrueForAll(claim => claim.Instance != shown.Id)
            && standing.Sum(claim => claim.Vcpus) + shown.Vcpus <= node.Vcpus
            && FleetModel.AreFree(standing, shown.Cpus, shown.Devices);
        if (!canAdopt || (node.Changed > picture.Time && healed.Count == 0))
        {
            Assert.Empty(healed);
            return;
        }

        var drift = Assert.Single(healed);
        Assert.Equal((DriftKind.UntrackedInstance, DriftAction.InstanceAdopted, shown.Id), (drift.Kind, drift.Action, drift.InstanceId));
        Model.Add(new ModelClaim(drift.ClaimId, picture.Node, shown.Id, ClaimRole.Primary)
        {
            Vcpus = shown.Vcpus,
            Cpus = shown.Cpus,
            Devices = shown.Devices,
            State = ClaimState.Active,
        });
    }
}
