using Google.Protobuf.Collections;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;

namespace ResourceService.Server.Grpc;

/// <summary>Reads what an agent saw on its host, checking every field.</summary>
internal static class ObservedNodes
{
    private const int InstancesMax = 10_000;
    private const int ScopesMax = 16;
    private const int CellsMax = 64;
    private const int ClassesMax = 256;

    /// <summary>The report; meaningless after a violation. When it was taken is filled in once it is known when the request is carried out.</summary>
    /// <param name="message">The request.</param>
    /// <param name="heals">Whether the ledger is corrected by it.</param>
    /// <param name="violations">What broke a rule.</param>
    public static Func<Instant, ObservedNode> Read(V1.AuditNodeRequest message, bool heals, FieldViolations violations)
    {
        // No registered node has generation 0, and a picture of unknown age would say of everything that it may be newer.
        if (message.ObservedGeneration == 0)
            violations.Add("observed_generation", "must be set: to the node's generation, read before the picture was taken");
        else
            violations.Between("observed_generation", message.ObservedGeneration, 1, long.MaxValue);
        var time = violations.Time("observe_time", message.ObserveTime);
        var scopes = ReadScopes(message, heals, violations);
        var inventories = NodeSpecs.Inventories(message.Inventories, violations);
        var numa = message.NumaTopology is null ? null : NodeSpecs.Topology(message.NumaTopology, violations);
        var devices = NodeSpecs.Devices(message.Devices, violations);
        violations.CountAtMost("instances", message.Instances.Count, InstancesMax);
        var instances = message.Instances.Take(InstancesMax).Select((instance, i) => Read(instance, i, violations)).ToArray();
        NodeSpecs.Unique(instances.Select(instance => instance.Instance.Id), "instances", "instance", violations);
        return now => new ObservedNode(
            message.ObservedGeneration, time ?? now, scopes, inventories, numa, devices, ValueList.From(instances));
    }

    private static AuditScopes ReadScopes(V1.AuditNodeRequest message, bool heals, FieldViolations violations)
    {
        // What is missing from a complete part is released or unregistered: nobody is to say so by leaving something out.
        if (heals && message.Scopes.Count == 0)
            violations.Add("scopes", "must be set when the mode is HEAL: to the parts that the report covers completely");
        violations.CountAtMost("scopes", message.Scopes.Count, ScopesMax);
        if (message.Scopes.Count > 0)
        {
            return message.Scopes.Take(ScopesMax)
                .Select((scope, i) => ToLedger(violations.Enum($"scopes[{i}]", scope, required: true)))
                .Aggregate(AuditScopes.None, (all, scope) => all | scope);
        }

        return AuditScopes.Instances
            | (message.Inventories.Count > 0 ? AuditScopes.Inventories : AuditScopes.None)
            | (message.NumaTopology is not null ? AuditScopes.NumaTopology : AuditScopes.None)
            | (message.Devices.Count > 0 ? AuditScopes.Devices : AuditScopes.None);
    }

    private static AuditScopes ToLedger(V1.AuditScope scope) => scope switch
    {
        V1.AuditScope.Inventories => AuditScopes.Inventories,
        V1.AuditScope.NumaTopology => AuditScopes.NumaTopology,
        V1.AuditScope.Devices => AuditScopes.Devices,
        V1.AuditScope.Instances => AuditScopes.Instances,
        _ => AuditScopes.None,
    };

    private static ObservedInstance Read(V1.ObservedInstance message, int index, FieldViolations violations)
    {
        violations.Enter("instances", index);
        var instance = ClaimRequests.Read(message.Instance, "", violations) ?? new Instance(default, "", "", "", "", "", "");
        var amounts = ReadAmounts(message.Resources, violations);
        violations.CountAtMost("numa_cells", message.NumaCells.Count, CellsMax);
        var cells = message.NumaCells.Count == 0
            ? []
            : ValueList.From(message.NumaCells.Take(CellsMax).Select((cell, i) => Read(cell, i, violations)));
        CheckOwners(cells, violations);
        var devices = ReadAddresses(message.DeviceAddresses, violations);
        violations.Leave();
        return new ObservedInstance(instance, amounts, cells, devices);
    }

    // A class of which the instance has nothing may be named.
    private static ResourceAmounts ReadAmounts(MapField<string, long> amounts, FieldViolations violations)
    {
        violations.CountAtMost("resources", amounts.Count, ClassesMax);
        var read = new List<ResourceAmount>(Math.Min(amounts.Count, ClassesMax));
        foreach (var (name, amount) in amounts.Take(ClassesMax))
        {
            var resourceClass = ResourceRequests.Class("resources", name, violations);
            if (amount is < 0 or > int.MaxValue)
                violations.Between($"resources[{FieldViolations.Show(name)}]", amount, 0, int.MaxValue);
            else if (amount > 0 && violations.None)
                read.Add(new ResourceAmount(resourceClass, amount));
        }

        return violations.None ? ResourceAmounts.From(read) : ResourceAmounts.Empty;
    }

    private static ObservedCell Read(V1.ObservedNumaCell message, int index, FieldViolations violations)
    {
        violations.Enter("numa_cells", index);
        violations.Between("host_cell_id", message.HostCellId, 0, int.MaxValue);
        violations.Between("page_size_kb", message.PageSizeKb, 0, NodeSpecs.PageSizeMaxKb);
        violations.Between("memory_mb", message.MemoryMb, 0, int.MaxValue);
        violations.CountAtMost("pinning", message.Pinning.Count, NodeSpecs.CpuMax + 1);
        foreach (var (guest, host) in message.Pinning.Take(NodeSpecs.CpuMax + 1))
        {
            violations.Between("pinning key", guest, 0, NodeSpecs.CpuMax);
            violations.Between($"pinning[{guest}]", host, 0, NodeSpecs.CpuMax);
        }

        NodeSpecs.Unique(message.Pinning.Values, "pinning", "host CPU", violations);
        var pinning = message.Pinning.Count == 0
            ? []
            : ValueList.From(message.Pinning.Where(pin => IsCpu(pin.Key) && IsCpu(pin.Value))
                .Select(pin => new PinnedCpu(pin.Key, pin.Value)).OrderBy(pin => pin.GuestCpu));
        var cell = new ObservedCell(
            message.HostCellId,
            message.PageSizeKb,
            pinning,
            NodeSpecs.Cpus(message.EmulatorCpus, "emulator_cpus", violations),
            NodeSpecs.Cpus(message.SharedVcpus, "shared_vcpus", violations),
            message.MemoryMb);
        violations.Leave();
        return cell;
    }

    private static bool IsCpu(int number) => number is >= 0 and <= NodeSpecs.CpuMax;

    // A guest's CPU runs in one place, and a host's CPU does one thing for one instance. What several instances claim of each other is drift.
    private static void CheckOwners(ValueList<ObservedCell> cells, FieldViolations violations)
    {
        var (guests, hosts) = (CpuSet.Empty, CpuSet.Empty);
        for (var i = 0; i < cells.Count; i++)
        {
            violations.Enter("numa_cells", i);
            Add(ref guests, CpuSet.From(cells[i].Pinning.Select(pin => pin.GuestCpu)), "pinning", "guest CPU");
            Add(ref guests, cells[i].SharedVcpus, "shared_vcpus", "guest CPU");
            Add(ref hosts, CpuSet.From(cells[i].Pinning.Select(pin => pin.HostCpu)), "pinning", "host CPU");
            Add(ref hosts, cells[i].EmulatorCpus, "emulator_cpus", "host CPU");
            violations.Leave();
        }

        void Add(ref CpuSet known, CpuSet cpus, string field, string what)
        {
            if (known.Overlaps(cpus))
                violations.Add(field, $"has {what} {known.Intersect(cpus).First()}, which the instance has already");
            known = known.Union(cpus);
        }
    }

    private static ValueList<string> ReadAddresses(RepeatedField<string> addresses, FieldViolations violations)
    {
        if (addresses.Count == 0)
            return [];
        violations.CountAtMost("device_addresses", addresses.Count, NodeSpecs.DevicesMax);
        NodeSpecs.UniqueAddresses(addresses.Take(NodeSpecs.DevicesMax), "device_addresses", violations);
        return ValueList.From(addresses.Take(NodeSpecs.DevicesMax).Select(
            (address, i) => NodeSpecs.Address($"device_addresses[{i}]", address, violations)));
    }
}
