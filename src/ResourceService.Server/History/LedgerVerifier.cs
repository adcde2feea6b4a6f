using ResourceService.Ledger;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>
/// Recomputes what every node's claims use, own and add up to in the statistics, in memory and in the store, and compares all of it, with the moves in
/// flight and with what is known of instances. There must never be a difference.
/// </summary>
internal sealed class LedgerVerifier(NodeDirectory nodes, FleetServices fleet, IClaimReader reader)
{
    /// <summary>Verifies all nodes, or one.</summary>
    public V1.VerifyLedgerResponse Verify(NodeWorker? only)
    {
        var response = new V1.VerifyLedgerResponse();
        var differences = new LedgerDifferences(response);
        var unsettled = only is null ? Unsettled() : [];
        // A node that is the same before and after the store was read can be compared with it; one that changed meanwhile has moved on.
        var before = (only is null ? nodes.All.ToArray() : [only]).Select(worker => worker.View).ToDictionary(node => node.NodeKey);
        var stored = reader.ReadNodes(only?.View.NodeKey);
        foreach (var (node, recorded) in stored)
        {
            differences.OfUsage(node.Id, V1.LedgerLocation.Store, recorded, node.UsedByClass(), "the usage row and the sum of the claims");
            VerifyPicture(differences, node, V1.LedgerLocation.Store);
            if (!before.Remove(node.NodeKey, out var view))
                continue;
            if (view.Exists)
                response.NodeCount++;
            response.ClaimCount += view.Claims.Count;
            response.MigrationCount += view.Migrations.Count;
            VerifyPicture(differences, view, V1.LedgerLocation.Memory);
            VerifyInstances(differences, view);
            var statistics = new NodeStatistics(view);
            VerifyStatistics(differences, statistics, view, "in memory");
            if (view.Generation == node.Generation)
            {
                VerifyStatistics(differences, statistics, node, "in the store");
                CompareSameGeneration(differences, view, node);
            }
            else if (view.Generation > node.Generation)
                differences.Add(view.Id, V1.LedgerPart.Generation, V1.LedgerLocation.Store, "", view.Generation, node.Generation, "memory is ahead of the store");
        }

        foreach (var view in before.Values.Where(view => view.Exists))
            differences.Add(view.Id, V1.LedgerPart.Generation, V1.LedgerLocation.Store, "", view.Generation, 0, "the store does not know the node");
        foreach (var (instance, claim) in unsettled.Where(entry => IsUnsettled(entry.Instance, entry.Claim)))
            differences.OfClaim(nodes.Find(claim.NodeKey)!.View.Id, V1.LedgerLocation.Memory, $"instance {instance} is known to hold claim {claim}, which is not live");
        return response;
    }

    private static void VerifyPicture(LedgerDifferences differences, NodeView node, V1.LedgerLocation location)
    {
        foreach (var difference in LedgerInvariants.Verify(node))
        {
            differences.Add(node.Id, V1.LedgerPart.Usage, location, difference.Class.Name, difference.Summed, difference.Recorded,
                "the node's usage and the sum of its claims");
        }

        if (FieldOverlay.Of(node.Spec.Reported, node.Spec.Owners) != node.Spec)
            differences.Add(node.Id, V1.LedgerPart.Node, location, "", 1, 0, "the node is not what it reports with what owners set above that");
        var cells = LedgerInvariants.SumNuma(node.Spec, node.Claims.Values).Cells;
        for (var i = 0; i < cells.Count; i++)
        {
            if (cells[i] != node.NumaUsage.Cells[i])
                differences.Add(node.Id, V1.LedgerPart.Numa, location, "", 1, 0, $"use of NUMA cell {node.Spec.Numa!.Cells[i].CellId} differs from its claims");
        }

        var owned = CpuSet.Empty;
        foreach (var claim in node.Claims.Values)
        {
            if (claim.Assignment.Cells.Any(cell => IsOwnedTwice(cell.OwnedCpus())))
                differences.Add(node.Id, V1.LedgerPart.Numa, location, "", 1, 2, $"claim {claim.Id} owns a CPU that another claim owns as well");
        }

        var owners = DeviceUsage.Of(node.Spec.Devices, node.Claims.Values).Owners;
        for (var i = 0; i < owners.Length; i++)
        {
            if (owners[i] != node.DeviceUsage.Owners[i])
            {
                differences.Add(node.Id, V1.LedgerPart.Devices, location, "", owners[i], node.DeviceUsage.Owners[i],
                    $"device {node.Spec.Devices[i].Address} has another owner than the claims say (claims by their sequence, 0 for none)");
            }
        }

        foreach (var detail in LedgerInvariants.VerifyMigrations(node))
            differences.OfMigration(node.Id, location, detail);

        bool IsOwnedTwice(CpuSet cpus)
        {
            var isTwice = owned.Overlaps(cpus);
            owned = owned.Union(cpus);
            return isTwice;
        }
    }

    // The statistics that callers get are those of the picture in memory.
    private static void VerifyStatistics(LedgerDifferences differences, NodeStatistics counted, NodeView node, string where)
    {
        foreach (var (statistic, expected, found) in counted.DifferencesFrom(node))
            differences.Add(node.Id, V1.LedgerPart.Statistics, V1.LedgerLocation.Memory, "", expected, found, $"{statistic}, and the claims {where}");
    }

    // Every live claim is known to be its instance's, in its part. A node that changes before or while it is looked at is left for the next time.
    private void VerifyInstances(LedgerDifferences differences, NodeView node)
    {
        var worker = nodes.Find(node.NodeKey)!;
        if (!IsQuiet())
            return;
        var unknown = node.Claims.Values
            .Where(claim => !fleet.Instances.Knows(claim))
            .ToList();
        if (!IsQuiet())
            return;
        foreach (var claim in unknown)
            differences.OfClaim(node.Id, V1.LedgerLocation.Memory, $"claim {claim.Id} is not known to be held by instance {claim.Instance.Id}");

        bool IsQuiet() => !worker.IsChanging && ReferenceEquals(worker.View, node);
    }

    // A claim is entered before it is durable: those that no picture shows are looked at again after the store was read.
    private List<(InstanceId Instance, ClaimId Claim)> Unsettled() =>
        [.. fleet.Instances.All.Where(entry => IsUnsettled(entry.Instance, entry.Claim))];

    private bool IsUnsettled(InstanceId instance, ClaimId claim) => fleet.Instances.Holds(instance, claim)
        && nodes.Find(claim.NodeKey) is { IsChanging: false } worker && !worker.View.Claims.ContainsKey(claim.Sequence);

    private static void CompareSameGeneration(LedgerDifferences differences, NodeView memory, NodeView store)
    {
        differences.OfUsage(memory.Id, V1.LedgerLocation.Memory, memory.UsedByClass(), store.UsedByClass(), "usage in memory and in the store");
        if (memory.Spec != store.Spec)
            differences.Add(memory.Id, V1.LedgerPart.Node, V1.LedgerLocation.Memory, "", 1, 0, "what is registered of the node, or set by owners, in memory and in the store");
        if (memory.FailedBuilds != store.FailedBuilds)
        {
            differences.Add(memory.Id, V1.LedgerPart.Statistics, V1.LedgerLocation.Memory, "", store.FailedBuilds, memory.FailedBuilds,
                "failed builds in memory and in the store");
        }

        foreach (var sequence in memory.Claims.Keys.Union(store.Claims.Keys))
        {
            var (inMemory, inStore) = (memory.Claims.GetValueOrDefault(sequence), store.Claims.GetValueOrDefault(sequence));
            if (inMemory != inStore)
                differences.OfClaim(memory.Id, WhereMissing(inMemory, inStore), $"claim {(inMemory ?? inStore)!.Id} differs between memory and store");
        }

        foreach (var sequence in memory.Migrations.Keys.Union(store.Migrations.Keys))
        {
            var (inMemory, inStore) = (memory.Migrations.GetValueOrDefault(sequence), store.Migrations.GetValueOrDefault(sequence));
            if (inMemory != inStore)
                differences.OfMigration(memory.Id, WhereMissing(inMemory, inStore), $"migration {(inMemory ?? inStore)!.Id} differs between memory and store");
        }
    }

    private static V1.LedgerLocation WhereMissing(object? inMemory, object? inStore) =>
        inStore is null && inMemory is not null ? V1.LedgerLocation.Store : V1.LedgerLocation.Memory;
}
