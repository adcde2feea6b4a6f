using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Reads what a host has for an audit, class by class, cell by cell and device by device: one that cannot be read is left out and told. Then the rest of
/// its part is not complete, for what is registered under its name must not look gone.
/// </summary>
internal sealed class ObservedHosts(AuditScopes scopes)
{
    private readonly List<UnreadablePart> _unreadable = [];

    /// <summary>The parts that are complete, of those that the report says are.</summary>
    public AuditScopes Scopes { get; private set; } = scopes;

    /// <summary>What was left out.</summary>
    public ValueList<UnreadablePart> Unreadable => ValueList.From(_unreadable);

    /// <summary>Inventories.</summary>
    public InventoryTable Inventories(IDictionary<string, V1.Inventory> messages)
    {
        var read = new List<KeyValuePair<ResourceClass, Inventory>>();
        if (messages.Count > NodeSpecs.ClassesMax)
        {
            LeaveOut(AuditScopes.Inventories, "inventories", $"has {messages.Count} elements; at most {NodeSpecs.ClassesMax} are allowed");
            return InventoryTable.From(read);
        }

        foreach (var (name, message) in messages)
        {
            var broken = new FieldViolations();
            var inventory = NodeSpecs.Read(message, "inventory", broken);
            var isClass = ResourceClass.TryParse(name, out var resourceClass);
            if (!isClass)
                ResourceRequests.Class("class", name, broken);
            if (broken.None)
                read.Add(KeyValuePair.Create(resourceClass, inventory));
            else
                LeaveOut(AuditScopes.Inventories, FieldViolations.Show(name), UnreadableReason.Of(broken), canBeRegistered: isClass);
        }

        return InventoryTable.From(read);
    }

    /// <summary>A topology; null when nothing of it can be read.</summary>
    public NumaTopology? Topology(V1.NumaTopology message)
    {
        if (message.Cells.Count > NodeSpecs.CellsMax)
        {
            LeaveOut(AuditScopes.NumaTopology, "numa_topology", $"has {message.Cells.Count} cells; at most {NodeSpecs.CellsMax} are allowed");
            return null;
        }

        var cells = new List<NumaCell>(message.Cells.Count);
        var (ids, cpus) = (new HashSet<int>(), CpuSet.Empty);
        foreach (var item in message.Cells)
        {
            var broken = new FieldViolations();
            var cell = NodeSpecs.Read(item, "cell", broken);
            var own = cell.SharedCpus.Union(cell.DedicatedCpus);
            if (!ids.Add(cell.CellId))
                broken.Add("cell_id", "is that of another cell as well");
            if (cpus.Overlaps(own))
                broken.Add("cell", $"has CPU {cpus.Intersect(own).First()}, which another cell has as well");
            if (broken.None)
                cells.Add(cell);
            else
                LeaveOut(AuditScopes.NumaTopology, $"cell {item.CellId}", UnreadableReason.Of(broken));
            cpus = cpus.Union(own);
        }

        return cells.Count == 0 ? null : HostOrder.Of(new NumaTopology(ValueList.From(cells)));
    }

    /// <summary>Devices.</summary>
    public ValueList<Device> Devices(IReadOnlyList<V1.Device> messages)
    {
        if (messages.Count == 0)
            return [];
        var types = new Dictionary<string, V1.DeviceType>(messages.Count, StringComparer.Ordinal);
        foreach (var message in messages)
            types.TryAdd(DeviceAddress.Canonical(message.Address), message.Type);
        var devices = new Dictionary<string, Device>(messages.Count, StringComparer.Ordinal);
        foreach (var message in messages)
        {
            var broken = new FieldViolations();
            NodeSpecs.Address("address", message.Address, broken);
            var isAddress = broken.None;
            broken = new FieldViolations();
            var device = NodeSpecs.Read(message, "device", broken);
            if (device.ParentAddress is { } parent && NodeSpecs.IsNoParent(types.GetValueOrDefault(parent)))
                broken.Add("device.parent_address", parent, "must be a PF where it is among the devices");
            if (devices.TryGetValue(device.Address, out var other) && other != device)
                broken.Add("device.address", message.Address, "is that of another device as well");
            if (broken.None)
                devices[device.Address] = device;
            else
                LeaveOut(AuditScopes.Devices, FieldViolations.Show(message.Address), UnreadableReason.Of(broken), canBeRegistered: isAddress);
        }

        return HostOrder.Of(ValueList.From(devices.Values));
    }

    private void LeaveOut(AuditScopes part, string subject, string reason, bool canBeRegistered = true)
    {
        _unreadable.Add(new UnreadablePart(part, subject, reason));
        if (canBeRegistered)
            Scopes &= ~part;
    }
}
