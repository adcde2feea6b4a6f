using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Sequences;

/// <summary>
/// Does with the ledger what a vector did with Nova: builds are claims, resizes, live migrations and evacuations are moves, a host's first audit
/// registers it. What only changed Nova's own copies of its books has no counterpart here and does nothing.
/// </summary>
internal sealed class SequenceReplay(SequenceInput input)
{
    private static readonly TimeSpan _lease = TimeSpan.FromHours(1);

    private readonly Dictionary<string, DrivenNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tracked> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<ClaimId, (SequenceFlavor Flavor, bool BootFromVolume)> _flavors = [];

    // Hosts whose instances were deleted without anyone being told: both sides learn of it with the host's next audit.
    private readonly Dictionary<string, List<ClaimId>> _orphans = new(StringComparer.Ordinal);

    /// <summary>Whether the host is known to the ledger.</summary>
    public bool IsRegistered(string host) => _nodes.ContainsKey(host);

    public NodeView View(string host) => _nodes[host].View;

    /// <summary>vCPUs, MiB of memory and MiB of disk of the flavors that live claims on the host were made with.</summary>
    public (long Vcpus, long MemoryMb, long DiskMb) Held(string host)
    {
        var flavors = View(host).Claims.Values.Select(claim => _flavors[claim.Id]).ToArray();
        return (
            flavors.Sum(held => held.Flavor.Vcpus),
            flavors.Sum(held => held.Flavor.MemoryMb),
            flavors.Sum(held => held.Flavor.DiskMb(held.BootFromVolume)));
    }

    /// <summary>The host that a moving instance leaves.</summary>
    public string SourceOf(string instance) => _instances[instance].Node.View.Id.Value;

    /// <summary>The host that a moving instance goes to.</summary>
    public string TargetOf(string instance) => _instances[instance].Target!.Value.Node.View.Id.Value;

    /// <summary>The instances with a live claim on the host, in order.</summary>
    public IEnumerable<string> Holders(string host) =>
        View(host).Claims.Values.Select(claim => claim.Instance.Id.Value).Distinct().Order(StringComparer.Ordinal);

    /// <summary>Owned devices and the instances that own them, in order.</summary>
    public IEnumerable<(string Address, string Instance)> Owned(string host)
    {
        var view = View(host);
        for (var i = 0; i < view.Spec.Devices.Count; i++)
        {
            if (view.DeviceUsage.Owners[i] is > 0 and var owner)
                yield return (view.Spec.Devices[i].Address, view.Claims[owner].Instance.Id.Value);
        }
    }

    /// <summary>The type of the move that brings an instance to the host; null when none does.</summary>
    public MigrationType? Incoming(string host, string instance) =>
        View(host).Migrations.Values.SingleOrDefault(move => move.Instance.Value == instance)?.Type;

    /// <summary>Whether an instance that moves between this host and another was handed over and not confirmed yet.</summary>
    public bool HasHandedOver(string host) => _instances.Values.Any(
        instance => instance.IsHandedOver && (instance.Node == _nodes[host] || instance.Target?.Node == _nodes[host]));

    /// <summary>Whether the instance is resized on its own host.</summary>
    public bool IsResizedInPlace(string instance) => _instances[instance] is var resized && resized.Target?.Node == resized.Node;

    /// <summary>Carries a step out, and tells the states of its instance as its caller would; for a claim, whether it was accepted, otherwise null.</summary>
    public bool? Run(SequenceStep step)
    {
        var accepted = Decide(step);
        if (step.Instance is not null && accepted != false && _instances.TryGetValue(step.Instance, out var instance))
            Tell(instance, step);
        return accepted;
    }

    private bool? Decide(SequenceStep step)
    {
        switch (step.Op)
        {
            case "audit" or "host_restart":
                Audit(step.Host!);
                return null;
            case "build":
                return Claim(step.Host!, step.Instance!, Flavor(step.Flavor!), step.BootFromVolume);
            case "unshelve":
                var shelved = _instances[step.Instance!];
                return Claim(step.Host!, step.Instance!, shelved.Flavor, shelved.BootFromVolume);
            case "build_finish":
                Activate(_instances[step.Instance!]);
                return null;
            case "resize_claim":
                return Move(step, IsColdMigration(step) ? MigrationType.ColdMigration : MigrationType.Resize, Flavor(step.Flavor!));
            case "live_claim":
                return Move(step, MigrationType.LiveMigration, _instances[step.Instance!].Flavor);
            case "evacuate_claim":
                return Move(step, MigrationType.Evacuation, _instances[step.Instance!].Flavor);
            case "confirm" or "live_complete" or "evacuate_finish":
                Confirm(_instances[step.Instance!]);
                if (step.Op == "live_complete" && step.Host is { } source)
                    Audit(source);
                return null;
            case "resize_abort" or "live_rollback" or "evacuate_abort":
                End(_instances[step.Instance!], MigrationStep.Fail);
                return null;
            case "revert_at_destination":
                End(_instances[step.Instance!], MigrationStep.Revert);
                return null;
            case "build_abort" or "delete" or "shelve_offload":
                Release(_instances[step.Instance!]);
                return null;
            case "delete_behind_the_back":
                Orphan(_instances[step.Instance!]);
                return null;
            default:
                return null;
        }
    }

    private static void Tell(Tracked instance, SequenceStep step)
    {
        instance.IsHandedOver = step.Op switch
        {
            "resize_migrate" => true,
            "confirm" or "revert_at_source" => false,
            _ => instance.IsHandedOver,
        };
        (string? Vm, string Task)? states = step.Op switch
        {
            "build" => ("building", ""),
            "build_finish" or "unshelve" or "confirm" or "revert_at_source" or "evacuate_finish" => ("active", ""),
            "resize_claim" => (null, "resize_prep"),
            "resize_migrate" => (null, "resize_migrated"),
            "resize_finish" => ("resized", ""),
            "revert_at_destination" => ("resized", "resize_reverting"),
            "live_claim" => (null, "migrating"),
            "evacuate_claim" => (null, "rebuilding"),
            "resize_abort" or "live_complete" or "live_rollback" or "evacuate_abort" => (null, ""),
            "set_state" => (step.VmState, step.TaskState ?? ""),
            _ => null,
        };
        if (states is { } told)
        {
            instance.Node.Decide(node => node.Claims.ContainsKey(instance.Claim.Sequence)
                ? ClaimRules.UpdateInstance(
                    node, instance.Claim, null, known => known with { VmState = told.Vm ?? known.VmState, TaskState = told.Task }, Sample.Now)
                : Decision.Unchanged);
        }
    }

    // As Nova has it: the same flavor elsewhere.
    private bool IsColdMigration(SequenceStep step) =>
        _instances[step.Instance!] is var instance && instance.Flavor.Name == step.Flavor && instance.Node.View.Id.Value != step.Host;

    private SequenceFlavor Flavor(string name) => input.Flavors.Single(flavor => flavor.Name == name);

    private SequenceHost Host(string name) => input.Hosts.Single(host => host.Name == name);

    private void Audit(string host)
    {
        if (!IsRegistered(host))
            _nodes.Add(host, DrivenNode.Registered(Host(host).ToSpec(input.AmountsDecide), _nodes.Count + 1));
        if (!_orphans.Remove(host, out var orphans))
            return;
        foreach (var id in orphans)
            _nodes[host].Decide(node => ClaimRules.Release(node, id, null, "its instance is gone", Sample.Now));
    }

    private bool Claim(string host, string instance, SequenceFlavor flavor, bool bootFromVolume)
    {
        if (!_nodes.TryGetValue(host, out var node))
            return false;
        var request = flavor.ToRequest(input, Host(host).Config, bootFromVolume);
        var candidate = Sample.HeldClaim(node.NextClaimId(), Sample.Instance(instance), request.Amounts) with { Request = request };
        if (node.Decide(view => ClaimRules.Claim(view, request, null, candidate)).Refusal is not null)
            return false;
        _flavors[candidate.Id] = (flavor, bootFromVolume);
        _instances[instance] = new Tracked(node, candidate.Id, flavor, bootFromVolume);
        return true;
    }

    private bool Move(SequenceStep step, MigrationType type, SequenceFlavor flavor)
    {
        var instance = _instances[step.Instance!];
        Activate(instance);
        if (!_nodes.TryGetValue(step.Host!, out var target))
            return false;
        var request = new MoveRequest(
            type, new InstanceId(step.Instance!), flavor.ToRequest(input, Host(step.Host!).Config, instance.BootFromVolume), _lease, null);
        var id = target.NextClaimId();
        if (target.Apply(MigrationRules.Claim(instance.Node.View, instance.Claim, target.View, request, id, Sample.Now)).Refusal is not null)
            return false;
        _flavors[id] = (flavor, instance.BootFromVolume);
        instance.Target = (target, id, flavor, type == MigrationType.Resize);
        return true;
    }

    private static void Activate(Tracked instance)
    {
        if (instance.Node.View.Claims.TryGetValue(instance.Claim.Sequence, out var claim) && claim.State == ClaimState.Held)
            instance.Node.Confirm(claim);
    }

    private static void Confirm(Tracked instance)
    {
        if (instance.Target is not { } move)
            return;
        Apply(instance, move.Node, MigrationRules.Confirm(
            move.Node.View, instance.Node.View, MigrationId.Of(move.Claim), move.OfResize, null, Sample.Now));
        (instance.Node, instance.Claim, instance.Flavor, instance.Target) = (move.Node, move.Claim, move.Flavor, null);
    }

    private static void End(Tracked instance, MigrationStep how)
    {
        if (instance.Target is not { } move)
            return;
        Apply(instance, move.Node, MigrationRules.End(
            move.Node.View, instance.Node.View, MigrationId.Of(move.Claim), how, how == MigrationStep.Fail ? null : move.OfResize, "", null, Sample.Now));
        instance.Target = null;
    }

    private static void Apply(Tracked instance, DrivenNode target, MoveDecision decision)
    {
        Xunit.Assert.Null(decision.Refusal);
        target.Apply(new Decision(decision.OnTarget, null));
        instance.Node.Apply(new Decision(decision.OnSource, null));
    }

    private static void Release(Tracked instance)
    {
        End(instance, MigrationStep.Fail);
        instance.Node.Decide(node => ClaimRules.Release(node, instance.Claim, null, "deleted", Sample.Now));
    }

    private void Orphan(Tracked instance)
    {
        var host = instance.Node.View.Id.Value;
        if (!_orphans.TryGetValue(host, out var orphans))
            _orphans.Add(host, orphans = []);
        orphans.Add(instance.Claim);
    }

    private sealed class Tracked(DrivenNode node, ClaimId claim, SequenceFlavor flavor, bool bootFromVolume)
    {
        public DrivenNode Node { get; set; } = node;

        public ClaimId Claim { get; set; } = claim;

        public SequenceFlavor Flavor { get; set; } = flavor;

        public bool BootFromVolume { get; } = bootFromVolume;

        public bool IsHandedOver { get; set; }

        public (DrivenNode Node, ClaimId Claim, SequenceFlavor Flavor, bool OfResize)? Target { get; set; }
    }
}
