using Google.Protobuf.Collections;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Reads what a host runs. Only a message without the instance's name is an error of its sender: whatever else cannot be read is how the host is. Of such
/// an instance this says what is understood and what is not.
/// </summary>
internal sealed class ObservedInstances
{
    private const int ClassesMax = 256;

    // Enough to see what is wrong; the rest is found when that is mended.
    private const int ReasonLengthMax = 1024;

    private FieldViolations _broken = new();
    private InstanceParts _unreadable;
    private string _reason = "";

    /// <summary>The instances, each once.</summary>
    /// <param name="messages">The field <c>instances</c>.</param>
    /// <param name="areAllNamed">Whether the report says that it names all instances.</param>
    /// <param name="violations">What broke a rule.</param>
    public static ValueList<ObservedInstance> Read(IReadOnlyList<V1.ObservedInstance> messages, bool areAllNamed, FieldViolations violations)
    {
        // Who names devices knows them.
        bool? knowsDevices = areAllNamed && messages.Any(message => message.DeviceAddresses.Count > 0) ? true : null;
        var instances = new Dictionary<InstanceId, List<ObservedInstance>>(messages.Count);
        for (var i = 0; i < messages.Count; i++)
        {
            violations.Enter("instances", i);
            if (messages[i].Instance is null)
                violations.Add("instance", "must be set");
            else if (messages[i].Instance.InstanceId.Length == 0)
                violations.Add("instance.instance_id", "must be set");
            violations.Enum("thread_policy", messages[i].ThreadPolicy, required: false);
            violations.Leave();
            if (!violations.None)
                continue;
            var seen = new ObservedInstances().Read(messages[i], knowsDevices);
            if (instances.TryGetValue(seen.Instance.Id, out var alike))
                alike.Add(seen);
            else
                instances.Add(seen.Instance.Id, [seen]);
        }

        return ValueList.From(instances.Values.Select(Merge));
    }

    private ObservedInstance Read(V1.ObservedInstance message, bool? knowsDevices)
    {
        var instance = Read(message.Instance);
        var amounts = ReadAmounts(message.Resources);
        var cells = ReadCells(message.NumaCells);
        var devices = ReadAddresses(message.DeviceAddresses, out var areAllRead);
        return new ObservedInstance(instance, amounts, cells, devices)
        {
            NamesAllDevices = areAllRead ? message.HasDevicesKnown ? message.DevicesKnown : knowsDevices : false,
            KnowsEmulatorCpus = message.HasEmulatorCpusKnown ? message.EmulatorCpusKnown : message.NumaCells.Any(cell => cell.EmulatorCpus.Count > 0),
            ThreadPolicy = message.ThreadPolicy == V1.CpuThreadPolicy.Unspecified ? null : PlacementRequests.ToLedger(message.ThreadPolicy),
            Unreadable = _unreadable,
            UnreadableReason = _reason,
        };
    }

    private Instance Read(V1.Instance message)
    {
        _broken.OptionalId("instance.instance_id", message.InstanceId);
        var hasName = Close(InstanceParts.Name);
        return new Instance(
            // No instance of a claim has a name like that, so that it is taken for no other.
            new InstanceId(hasName ? message.InstanceId : FieldViolations.Show(message.InstanceId, FieldViolations.IdLengthMax)),
            Known(_broken.OptionalId("instance.project_id", message.ProjectId)),
            Known(_broken.OptionalId("instance.user_id", message.UserId)),
            Known(_broken.Text("instance.os_type", message.OsType)),
            Known(_broken.Text("instance.vm_state", message.VmState)),
            Known(_broken.Text("instance.task_state", message.TaskState)),
            Known(_broken.Text("instance.power_state", message.PowerState)));
    }

    // A text that cannot be read is not known.
    private string Known(string text) => Close(InstanceParts.Others) ? text : "";

    // A class of which the instance has nothing may be named.
    private ResourceAmounts ReadAmounts(MapField<string, long> amounts)
    {
        _broken.CountAtMost("resources", amounts.Count, ClassesMax);
        var read = new Dictionary<ResourceClass, long>(Math.Min(amounts.Count, ClassesMax));
        foreach (var (name, amount) in amounts.Take(ClassesMax))
        {
            ResourceRequests.Class("resources", name, _broken);
            if (amount is < 0 or > int.MaxValue)
                _broken.Between($"resources[{FieldViolations.Show(name)}]", amount, 0, int.MaxValue);
            // What it means in small letters is plain enough to be kept from others.
            else if (amount > 0 && ResourceClass.TryParse(name.ToUpperInvariant(), out var resourceClass))
                read[resourceClass] = Math.Max(amount, read.GetValueOrDefault(resourceClass));
        }

        Close(InstanceParts.Amounts);
        return ResourceAmounts.From(read.Select(pair => new ResourceAmount(pair.Key, pair.Value)));
    }

    private ValueList<ObservedCell> ReadCells(RepeatedField<V1.ObservedNumaCell> messages)
    {
        if (messages.Count == 0)
            return [];
        _broken.CountAtMost("numa_cells", messages.Count, NodeSpecs.CellsMax);
        var cells = ValueList.From(messages.Take(NodeSpecs.CellsMax).Select(Read));
        CheckOwners(cells);
        Close(InstanceParts.Cells);
        // Such CPUs are owned once, and by this instance.
        for (var i = 0; i < cells.Count; i++)
            NodeSpecs.Unique(cells[i].Pinning.Select(pin => pin.HostCpu), $"numa_cells[{i}].pinning", "host CPU", _broken);
        Close(InstanceParts.Others);
        return cells;
    }

    private ObservedCell Read(V1.ObservedNumaCell message, int index)
    {
        _broken.Enter("numa_cells", index);
        _broken.Between("host_cell_id", message.HostCellId, 0, int.MaxValue);
        _broken.Between("page_size_kb", message.PageSizeKb, 0, NodeSpecs.PageSizeMaxKb);
        _broken.Between("memory_mb", message.MemoryMb, 0, int.MaxValue);
        foreach (var (guest, host) in message.Pinning)
        {
            _broken.Between("pinning key", guest, 0, NodeSpecs.CpuMax);
            _broken.Between($"pinning[{guest}]", host, 0, NodeSpecs.CpuMax);
        }

        var pinning = message.Pinning.Count == 0
            ? []
            : ValueList.From(message.Pinning.Where(pin => IsCpu(pin.Key) && IsCpu(pin.Value))
                .Select(pin => new PinnedCpu(pin.Key, pin.Value)).OrderBy(pin => pin.GuestCpu));
        var cell = new ObservedCell(
            message.HostCellId,
            message.PageSizeKb is >= 0 and <= NodeSpecs.PageSizeMaxKb ? message.PageSizeKb : 0,
            pinning,
            Cpus("emulator_cpus", message.EmulatorCpus),
            Cpus("shared_vcpus", message.SharedVcpus),
            message.MemoryMb is >= 0 and <= int.MaxValue ? message.MemoryMb : 0);
        _broken.Leave();
        return cell;
    }

    private CpuSet Cpus(string field, RepeatedField<int> cpus)
    {
        if (cpus.Count == 0)
            return CpuSet.Empty;
        foreach (var cpu in cpus)
            _broken.Between(field, cpu, 0, NodeSpecs.CpuMax);
        return CpuSet.From(cpus.Where(IsCpu));
    }

    private static bool IsCpu(int number) => number is >= 0 and <= NodeSpecs.CpuMax;

    // A guest's CPU runs in one place, and a host's CPU for one guest cell. What several instances have of each other is drift.
    private void CheckOwners(ValueList<ObservedCell> cells)
    {
        var (guests, hosts) = (CpuSet.Empty, CpuSet.Empty);
        for (var i = 0; i < cells.Count; i++)
        {
            _broken.Enter("numa_cells", i);
            Add(ref guests, CpuSet.From(cells[i].Pinning.Select(pin => pin.GuestCpu)), "pinning", "guest CPU");
            Add(ref guests, cells[i].SharedVcpus, "shared_vcpus", "guest CPU");
            Add(ref hosts, CpuSet.From(cells[i].Pinning.Select(pin => pin.HostCpu)), "pinning", "host CPU");
            _broken.Leave();
        }

        void Add(ref CpuSet known, CpuSet cpus, string field, string what)
        {
            if (known.Overlaps(cpus))
                _broken.Add(field, $"has {what} {known.Intersect(cpus).First()}, which the instance has already");
            known = known.Union(cpus);
        }
    }

    private ValueList<string> ReadAddresses(RepeatedField<string> addresses, out bool areAllRead)
    {
        areAllRead = addresses.Count <= NodeSpecs.DevicesMax;
        if (addresses.Count == 0)
            return [];
        _broken.CountAtMost("device_addresses", addresses.Count, NodeSpecs.DevicesMax);
        Close(InstanceParts.Others);
        var read = new List<string>(Math.Min(addresses.Count, NodeSpecs.DevicesMax));
        foreach (var (i, address) in addresses.Take(NodeSpecs.DevicesMax).Index())
        {
            var canonical = NodeSpecs.Address($"device_addresses[{i}]", address, _broken);
            if (Close(InstanceParts.Others))
                read.Add(canonical);
        }

        return ValueList.From(read.Distinct(StringComparer.Ordinal));
    }

    // Whether the part just read broke no rule.
    private bool Close(InstanceParts part)
    {
        if (_broken.None)
            return true;
        _unreadable |= part;
        if (_reason.Length < ReasonLengthMax)
            _reason += (_reason.Length == 0 ? "" : "; ") + UnreadableReason.Of(_broken);
        _broken = new FieldViolations();
        return false;
    }

    // All that a report says of one instance: everything is there, as far as anybody knows.
    private static ObservedInstance Merge(List<ObservedInstance> seen) => seen.TrueForAll(again => again == seen[0])
        ? seen[0]
        : new ObservedInstance(
            new Instance(seen[0].Instance.Id, "", "", "", "", "", ""),
            ResourceAmounts.From(seen.SelectMany(one => one.Amounts).GroupBy(item => item.Class).Select(group => group.MaxBy(item => item.Amount))),
            ValueList.From(seen.SelectMany(one => one.Cells)),
            ValueList.From(seen.SelectMany(one => one.DeviceAddresses).Distinct(StringComparer.Ordinal)))
        {
            NamesAllDevices = false,
            Unreadable = seen.Aggregate(InstanceParts.Whole, (parts, one) => parts | one.Unreadable),
            UnreadableReason = "the report names it more than once, and not alike",
        };
}
