using System.Text.RegularExpressions;
using ResourceService.Ledger;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Server.Grpc;

/// <summary>Reads what an agent reports of its node, checking every field.</summary>
internal static partial class NodeSpecs
{
    /// <summary>The highest number of a CPU.</summary>
    public const int CpuMax = 8191;

    /// <summary>The most devices of a node.</summary>
    public const int DevicesMax = 4096;

    /// <summary>The largest page in KiB.</summary>
    public const long PageSizeMaxKb = 1L << 40;

    /// <summary>The most classes of a node.</summary>
    public const int ClassesMax = NodeSpec.ClassesMax;

    /// <summary>The most NUMA cells of a node.</summary>
    public const int CellsMax = NumaTopology.CellsMax;

    private const int PagePoolsMax = 16;

    /// <summary>The most units of anything in an inventory, as in Placement.</summary>
    public const long UnitMax = int.MaxValue;

    /// <summary>The report; meaningless after a violation.</summary>
    public static NodeSpec Read(V1.RegisterNodeRequest message, FieldViolations violations)
    {
        var id = new NodeId(violations.RequiredId("node_id", message.NodeId));
        return new NodeSpec(
            id,
            Inventories(message.Inventories, violations),
            message.NumaTopology is null ? null : Topology(message.NumaTopology, violations),
            Devices(message.Devices, violations),
            ResourceRequests.Traits("traits", message.Traits, violations, NodeSpec.TraitsMax),
            ResourceRequests.Labels("labels", message.Labels, violations));
    }

    /// <summary>Inventories, in the field <c>inventories</c>.</summary>
    public static InventoryTable Inventories(IDictionary<string, V1.Inventory> messages, FieldViolations violations)
    {
        violations.CountAtMost("inventories", messages.Count, ClassesMax);
        return InventoryTable.From(messages.Take(ClassesMax).Select(pair => KeyValuePair.Create(
            ResourceRequests.Class("inventories", pair.Key, violations), Read(pair.Value, $"inventories[{pair.Key}]", violations))));
    }

    /// <summary>One inventory.</summary>
    public static Inventory Read(V1.Inventory message, string field, FieldViolations violations)
    {
        violations.Between($"{field}.total", message.Total, 0, UnitMax);
        violations.Between($"{field}.reserved", message.Reserved, 0, Math.Max(0, message.Total));
        var ratio = Ratio($"{field}.allocation_ratio", message.HasAllocationRatio ? message.AllocationRatio : 1.0, violations);
        var minUnit = message.HasMinUnit ? message.MinUnit : 1;
        var maxUnit = message.HasMaxUnit ? message.MaxUnit : Math.Max(minUnit, message.Total);
        var stepSize = message.HasStepSize ? message.StepSize : 1;
        violations.Between($"{field}.min_unit", minUnit, 1, UnitMax);
        if (message.HasMaxUnit)
            violations.Between($"{field}.max_unit", maxUnit, Math.Max(1, minUnit), UnitMax);
        violations.Between($"{field}.step_size", stepSize, 1, UnitMax);
        return violations.None ? new Inventory(message.Total, message.Reserved, ratio, minUnit, maxUnit, stepSize) : new Inventory(1, 0, 1, 1, 1, 1);
    }

    /// <summary>An allocation ratio.</summary>
    public static double Ratio(string field, double ratio, FieldViolations violations)
    {
        if (!(ratio > 0) || ratio > 1_000_000)
            violations.Add(field, $"is {ratio}; must be more than 0 and at most 1000000");
        return ratio;
    }

    /// <summary>A topology, in the field <c>numa_topology</c>.</summary>
    public static NumaTopology Topology(V1.NumaTopology message, FieldViolations violations)
    {
        const string Field = "numa_topology.cells";
        if (message.Cells.Count == 0)
            violations.Add(Field, "must have at least one cell");
        violations.CountAtMost(Field, message.Cells.Count, CellsMax);
        var cells = message.Cells.Take(CellsMax).Select((cell, i) => Read(cell, $"{Field}[{i}]", violations)).ToArray();
        Unique(cells.Select(cell => cell.CellId), Field, "cell_id", violations);
        Unique(cells.SelectMany(cell => cell.SharedCpus.Union(cell.DedicatedCpus)), Field, "CPU", violations);
        return HostOrder.Of(new NumaTopology(ValueList.From(cells)));
    }

    /// <summary>One cell.</summary>
    public static NumaCell Read(V1.NumaCell message, string field, FieldViolations violations)
    {
        violations.Between($"{field}.cell_id", message.CellId, 0, int.MaxValue);
        if (message.HasSocket)
            violations.Between($"{field}.socket", message.Socket, 0, int.MaxValue);
        violations.Between($"{field}.memory_mb", message.MemoryMb, 0, UnitMax);
        violations.CountAtMost($"{field}.page_pools", message.PagePools.Count, PagePoolsMax);
        var pools = message.PagePools.Take(PagePoolsMax).Select((pool, i) => Read(pool, $"{field}.page_pools[{i}]", violations)).ToArray();
        Unique(pools.Select(pool => pool.SizeKb), $"{field}.page_pools", "size_kb", violations);
        violations.CountAtMost($"{field}.thread_siblings", message.ThreadSiblings.Count, CpuMax + 1);
        var siblings = message.ThreadSiblings.Take(CpuMax + 1).Select((core, i) => Core(core, $"{field}.thread_siblings[{i}].cpus", violations)).ToArray();
        // A thread belongs to one core.
        Unique(siblings.SelectMany(core => core), $"{field}.thread_siblings", "CPU", violations);
        return new NumaCell(
            message.CellId,
            message.HasSocket ? message.Socket : null,
            Cpus(message.SharedCpus, $"{field}.shared_cpus", violations),
            Cpus(message.DedicatedCpus, $"{field}.dedicated_cpus", violations),
            ValueList.From(siblings),
            message.MemoryMb,
            ValueList.From(pools));
    }

    // A core of one thread may be listed or left out; one without threads is a mistake.
    private static CpuSet Core(V1.CpuSet message, string field, FieldViolations violations)
    {
        if (message.Cpus.Count == 0)
            violations.Add(field, "must have at least one CPU");
        return Cpus(message.Cpus, field, violations);
    }

    private static PagePool Read(V1.PagePool message, string field, FieldViolations violations)
    {
        violations.Between($"{field}.size_kb", message.SizeKb, 1, PageSizeMaxKb);
        violations.Between($"{field}.total", message.Total, 0, 1L << 40);
        violations.Between($"{field}.reserved", message.Reserved, 0, Math.Max(0, message.Total));
        return new PagePool(message.SizeKb, message.Total, message.Reserved);
    }

    /// <summary>Numbers of CPUs, each once.</summary>
    public static CpuSet Cpus(IReadOnlyList<int> cpus, string field, FieldViolations violations)
    {
        violations.CountAtMost(field, cpus.Count, CpuMax + 1);
        foreach (var cpu in cpus.Take(CpuMax + 1))
            violations.Between(field, cpu, 0, CpuMax);
        Unique(cpus.Take(CpuMax + 1), field, "CPU", violations);
        return CpuSet.From(cpus.Take(CpuMax + 1).Where(cpu => cpu is >= 0 and <= CpuMax));
    }

    /// <summary>Devices, in the field <c>devices</c>.</summary>
    public static ValueList<Device> Devices(IReadOnlyList<V1.Device> messages, FieldViolations violations)
    {
        violations.CountAtMost("devices", messages.Count, DevicesMax);
        var devices = messages.Take(DevicesMax).Select((device, i) => Read(device, $"devices[{i}]", violations)).ToArray();
        UniqueAddresses(messages.Take(DevicesMax).Select(device => device.Address), "devices", violations);
        CheckParents(messages, devices, violations);
        return violations.None ? HostOrder.Of(ValueList.From(devices)) : [];
    }

    // A parent need not be listed: a host may keep the physical function for itself. One without a right type is told of as such.
    private static void CheckParents(IReadOnlyList<V1.Device> messages, Device[] devices, FieldViolations violations)
    {
        var types = new Dictionary<string, V1.DeviceType>(StringComparer.Ordinal);
        for (var i = 0; i < devices.Length; i++)
            types.TryAdd(devices[i].Address, messages[i].Type);
        for (var i = 0; i < devices.Length; i++)
        {
            if (devices[i].ParentAddress is { } parent
                && IsNoParent(types.GetValueOrDefault(parent)))
                violations.Add($"devices[{i}].parent_address", parent, "must be a PF where it is among the devices");
        }
    }

    /// <summary>Whether a device of this type can have no children.</summary>
    public static bool IsNoParent(V1.DeviceType type) => type is V1.DeviceType.Pci or V1.DeviceType.Vf or V1.DeviceType.Vdpa;

    /// <summary>One device.</summary>
    public static Device Read(V1.Device message, string field, FieldViolations violations)
    {
        var address = Address($"{field}.address", message.Address, violations);
        violations.PciId($"{field}.vendor_id", message.VendorId);
        violations.PciId($"{field}.product_id", message.ProductId);
        violations.Enum($"{field}.type", message.Type, required: true);
        var isChild = message.Type is V1.DeviceType.Vf or V1.DeviceType.Vdpa;
        var parent = message.ParentAddress.Length == 0 ? null : Address($"{field}.parent_address", message.ParentAddress, violations);
        if (message.Type == V1.DeviceType.Vf && message.ParentAddress.Length == 0)
            violations.Add($"{field}.parent_address", "must be set for a VF");
        if (message.ParentAddress.Length > 0 && !isChild)
            violations.Add($"{field}.parent_address", "must be empty unless the type is VF or VDPA");
        if (message.HasNumaCellId)
            violations.Between($"{field}.numa_cell_id", message.NumaCellId, 0, int.MaxValue);
        violations.Enter(field);
        var tags = PlacementRequests.Tags(message.Tags, violations);
        violations.Leave();

        return new Device(
            address,
            message.VendorId.ToLowerInvariant(),
            message.ProductId.ToLowerInvariant(),
            ToLedger(message.Type),
            parent,
            message.HasNumaCellId ? message.NumaCellId : null,
            tags);
    }

    /// <summary>The ledger's type of a device.</summary>
    public static DeviceType ToLedger(V1.DeviceType type) => type switch
    {
        V1.DeviceType.Pf => DeviceType.PhysicalFunction,
        V1.DeviceType.Vf => DeviceType.VirtualFunction,
        V1.DeviceType.Vdpa => DeviceType.Vdpa,
        _ => DeviceType.Pci,
    };

    /// <summary>
    /// A device's PCI address, as the ledger writes it. The rule is PCI's: 32 slots on a bus, 8 functions in a slot. Registrations are held to it; an
    /// audit leaves out, and reports, what breaks it, for a host and its guests may have what is no PCI device at all.
    /// </summary>
    public static string Address(string field, string value, FieldViolations violations)
    {
        if (!AddressForm().IsMatch(value))
            violations.Add(field, value, "is not a PCI address of the form 0000:3b:02.1, with slots 00 to 1f and functions 0 to 7");
        return DeviceAddress.Canonical(value);
    }

    /// <summary>PCI addresses, each once in whatever writing; told as the caller wrote them.</summary>
    public static void UniqueAddresses(IEnumerable<string> addresses, string field, FieldViolations violations) =>
        Unique(addresses, DeviceAddress.Canonical, field, "address", violations);

    /// <summary>Values that may come once each.</summary>
    public static void Unique<T>(IEnumerable<T> values, string field, string what, FieldViolations violations)
        where T : notnull =>
        Unique(values, static value => value, field, what, violations);

    private static void Unique<T, TKey>(IEnumerable<T> values, Func<T, TKey> keyOf, string field, string what, FieldViolations violations)
        where TKey : notnull
    {
        var seen = new HashSet<TKey>();
        foreach (var value in values)
        {
            if (!seen.Add(keyOf(value)))
            {
                violations.Add(field, $"has {what} {value} twice");
                return;
            }
        }
    }

    [GeneratedRegex("^[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[01][0-9a-fA-F]\\.[0-7]$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex AddressForm();
}
