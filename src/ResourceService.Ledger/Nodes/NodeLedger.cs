using System.Collections.Immutable;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Nodes;

/// <summary>
/// One node's whole state as its worker sees it, uncommitted changes included. Only the node's worker touches it; <see cref="Apply"/> is the
/// only mutator. When a change that was applied here turns out not to be durable, the ledger is poisoned and thrown away: the worker starts
/// again with a new one made from the store, so memory is never patched by hand.
/// </summary>
public sealed class NodeLedger(NodeView view)
{
    private volatile bool _poisoned;

    /// <summary>The newest picture.</summary>
    public NodeView View { get; private set; } = view;

    /// <summary>Whether a change applied here did not reach the disk. Set by the committer, never taken back.</summary>
    public bool Poisoned => _poisoned;

    /// <summary>Tells the worker that this ledger no longer agrees with the store.</summary>
    public void Poison() => _poisoned = true;

    /// <summary>Takes over a decided fact. It must be possible: deciding was the rules' business.</summary>
    public AppliedChange Apply(LedgerChange change)
    {
        View = change switch
        {
            NodeRegistered registered => Register(registered),
            NodeFieldsChanged changed => WithSpec(FieldOverlay.Of(View.Spec.Reported, changed.Owners)) with
            {
                Generation = NextGeneration(),
                UpdateTime = changed.Time,
            },
            NodeRenamed renamed => Rename(renamed),
            NodeStateChanged changed => View with
            {
                State = changed.State,
                StateReason = changed.Reason,
                Generation = NextGeneration(),
                UpdateTime = changed.Time,
            },
            ClaimChanged changed => Change(changed, changed.Before, changed.After),
            MigrationChanged changed => Move(changed),
            NodeAudited audited => View with { LastAudit = audited.Audit.Id, LastAuditTime = audited.Time },
            _ => throw new InvariantBrokenException($"Broken invariant: {change.GetType().Name} is a known change."),
        };
        return new AppliedChange(change, View);
    }

    private NodeView Register(NodeRegistered registered)
    {
        // A node that returns after it was deleted begins a new life: of the one before stay its number and its generation, which never starts over.
        var returns = !View.Exists;
        return WithSpec(FieldOverlay.Of(registered.Spec, returns ? [] : View.Spec.Owners)) with
        {
            NumaUsage = LedgerInvariants.SumNuma(registered.Spec, View.Claims.Values),
            DeviceUsage = DeviceUsage.Of(registered.Spec.Devices, View.Claims.Values),
            State = returns ? NodeState.Enabled : View.State,
            StateReason = returns ? "" : View.StateReason,
            RegisterTime = returns ? registered.Time : View.RegisterTime,
            LastAudit = returns ? null : View.LastAudit,
            LastAuditTime = returns ? null : View.LastAuditTime,
            FailedBuilds = returns ? 0 : View.FailedBuilds,
            Generation = NextGeneration(),
            SpecGeneration = NextGeneration(),
            UpdateTime = registered.Time,
        };
    }

    private NodeView Rename(NodeRenamed renamed)
    {
        Invariant.Require(renamed.Generation >= NextGeneration(), "a generation rises");
        Invariant.Require(renamed.State != NodeState.Absent || View.Claims.Count == 0, "a node that is deleted holds no claims");
        return WithSpec(renamed.Spec) with
        {
            // Two nodes counted apart until now: what a report of the one shows says nothing of the claims of the other.
            Claims = View.Claims.ToImmutableSortedDictionary(claim => claim.Key, claim => claim.Value with { Generation = renamed.Generation }),
            LastEndGeneration = renamed.Generation,
            NumaUsage = LedgerInvariants.SumNuma(renamed.Spec, View.Claims.Values),
            DeviceUsage = DeviceUsage.Of(renamed.Spec.Devices, View.Claims.Values),
            State = renamed.State,
            StateReason = renamed.StateReason,
            Generation = renamed.Generation,
            SpecGeneration = renamed.Generation,
            UpdateTime = renamed.Time,
        };
    }

    // Usage goes by the places of the classes.
    private NodeView WithSpec(NodeSpec spec)
    {
        var (before, after) = (View.Spec.Inventories, spec.Inventories);
        var used = new long[after.Count];
        for (var i = 0; i < before.Count; i++)
        {
            var place = after.IndexOf(before.Classes[i]);
            Invariant.Require(place >= 0 || View.Used[i] == 0, "a class in use keeps its inventory");
            if (place >= 0)
                used[place] = View.Used[i];
        }

        return View with { Spec = spec, UsedAmounts = used };
    }

    private NodeView Move(MigrationChanged changed)
    {
        var (before, after) = (changed.Before, changed.After);
        var known = View.Migrations.TryGetValue(after.Id.Sequence, out var current);
        Invariant.Require(known == before is not null && ReferenceEquals(current, before), "a change starts from the migration as it is");
        Invariant.Require(after.Target == changed.TargetAfter.Id && after.LeaseEnd == changed.TargetAfter.LeaseEnd, "a move and its target share a lease");
        Invariant.Require(after.Generation == changed.TargetAfter.Generation, "a move and its target change together");

        var migrations = after.State.IsInFlight()
            ? View.Migrations.SetItem(after.Id.Sequence, after)
            : View.Migrations.Remove(after.Id.Sequence);
        return Change(changed, changed.TargetBefore, changed.TargetAfter) with { Migrations = migrations };
    }

    private NodeView Change(LedgerChange changed, Claim? before, Claim after)
    {
        var held = View.Claims.TryGetValue(after.Id.Sequence, out var current);
        Invariant.Require(held == before is not null && ReferenceEquals(current, before), "a change starts from the claim as it is");
        Invariant.Require(after.Generation == NextGeneration(), "a changed claim carries the node's next generation");

        return View with
        {
            Claims = after.State.IsLive() ? View.Claims.SetItem(after.Id.Sequence, after) : View.Claims.Remove(after.Id.Sequence),
            UsedAmounts = UsedAfter(before, after),
            NumaUsage = NumaUsageAfter(before, after),
            DeviceUsage = DeviceUsageAfter(before, after),
            FailedBuilds = changed.Kind switch
            {
                ChangeKind.ClaimAborted => View.FailedBuilds + 1,
                ChangeKind.ClaimConfirmed => 0,
                _ => View.FailedBuilds,
            },
            Generation = NextGeneration(),
            LastEndGeneration = after.State.IsLive() ? View.LastEndGeneration : NextGeneration(),
            UpdateTime = changed.Time,
        };
    }

    private long[] UsedAfter(Claim? before, Claim after)
    {
        // Confirming or renewing keeps the amounts: the usage array is shared with the picture before.
        if (before is not null && after.State.IsLive() && ReferenceEquals(before.Amounts, after.Amounts))
            return View.UsedAmounts;

        var used = (long[])View.UsedAmounts.Clone();
        if (before is not null)
            Add(used, before.Amounts, -1);
        if (after.State.IsLive())
            Add(used, after.Amounts, +1);
        return used;
    }

    private NumaUsage NumaUsageAfter(Claim? before, Claim after)
    {
        var (taken, given) = AssignmentsChanged(before, after);
        return View.NumaUsage.Without(View.Spec.Numa, taken.Cells).With(View.Spec.Numa, given.Cells);
    }

    private DeviceUsage DeviceUsageAfter(Claim? before, Claim after)
    {
        var (taken, given) = AssignmentsChanged(before, after);
        return View.DeviceUsage.Without(taken.Devices, after.Id.Sequence).With(given.Devices, after.Id.Sequence);
    }

    private static (Assignment Taken, Assignment Given) AssignmentsChanged(Claim? before, Claim after)
    {
        var taken = before?.Assignment ?? Assignment.None;
        var given = after.State.IsLive() ? after.Assignment : Assignment.None;
        return ReferenceEquals(taken, given) ? (Assignment.None, Assignment.None) : (taken, given);
    }

    // Only a node that was never registered is below its floor.
    private long NextGeneration() => Math.Max(View.Generation, View.GenerationFloor) + 1;

    private void Add(long[] used, ResourceAmounts amounts, int sign)
    {
        foreach (ref readonly var item in amounts.Span)
        {
            var place = View.Spec.Inventories.IndexOf(item.Class);
            Invariant.Require(place >= 0, "a claimed class has an inventory");
            used[place] += sign * item.Amount;
            Invariant.Require(used[place] >= 0, "usage is never negative");
        }
    }
}

/// <summary>A change and the node right after it.</summary>
public sealed record AppliedChange(LedgerChange Change, NodeView After);
