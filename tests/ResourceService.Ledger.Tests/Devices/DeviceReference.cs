using System.Numerics;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>
/// The rules of devices, written again in the simplest way: one device at a time, everything looked up anew. It shares no code with the fit but the
/// plain values.
/// </summary>
/// <param name="node">The report.</param>
/// <param name="owned">The devices of all claims.</param>
/// <param name="hostCells">The host cells of the instance.</param>
internal sealed class DeviceReference(NodeSpec node, IEnumerable<AssignedDevice> owned, int[] hostCells)
{
    private readonly List<AssignedDevice> _owned = [.. owned];

    /// <summary>What Nova would give: a round of counting that knows no families, then a round of taking. Null when either refuses.</summary>
    public List<AssignedDevice>? Give(ValueList<DeviceRequest> requests) =>
        Round(requests, knowsFamilies: false) is null ? null : Round(requests, knowsFamilies: true);

    /// <summary>
    /// Whether all requests could be met, in whatever order, by any devices that suit them and keep their policies, where Nova refuses none of them
    /// by itself: tries all assignments.
    /// </summary>
    public bool AnyAssignmentWillDo(ValueList<DeviceRequest> requests)
    {
        if (requests.Any(request => Round([request], knowsFamilies: false) is null))
            return false;
        var free = node.Devices.Where(device => IsFree(device, [])).ToArray();
        var suitable = requests.Select(request => Enumerable.Range(0, free.Length).Where(i =>
            Matches(request, free[i]) && IsMeant(request, free[i]) && (hostCells.Length == 0 || KeepsPolicy(request.NumaPolicy, free[i]))).ToArray()).ToArray();
        int[] units = [.. requests.SelectMany((request, i) => Enumerable.Repeat(i, request.Count))];
        var failed = new HashSet<(int Unit, long Used, int Last)>();
        return Assign(0, 0, -1);

        // Devices of one request in ascending order: their order among each other makes no difference.
        bool Assign(int unit, long used, int last)
        {
            if (unit == units.Length)
                return true;
            if (failed.Contains((unit, used, last)))
                return false;
            foreach (var i in suitable[units[unit]])
            {
                var blocks = Enumerable.Range(0, free.Length).Any(other =>
                    (used & (1L << other)) != 0 && Blocks(Assigned(requests[0], free[i]), Assigned(requests[0], free[other])));
                var isNext = unit + 1 < units.Length && units[unit + 1] == units[unit];
                if (i > last && (used & (1L << i)) == 0 && !blocks && Assign(unit + 1, used | (1L << i), isNext ? i : -1))
                    return true;
            }

            failed.Add((unit, used, last));
            return false;
        }
    }

    /// <summary>What is wrong with devices that were given.</summary>
    public IEnumerable<string> Faults(ValueList<DeviceRequest> requests, ValueList<AssignedDevice> given)
    {
        if (!given.Select(device => device.RequestName).SequenceEqual(requests.SelectMany(request => Enumerable.Repeat(request.Name, request.Count))))
            yield return "the counts are others than asked";
        for (var i = 0; i < given.Count; i++)
        {
            var request = requests.Single(request => request.Name == given[i].RequestName);
            var device = node.Devices.Single(device => device.Address == given[i].Address);
            if (!Matches(request, device) || !IsMeant(request, device))
                yield return $"{device.Address} was not asked for";
            if (!IsFree(device, given.Where((_, other) => other != i)))
                yield return $"{device.Address} is not free";
            if (given[i].ParentAddress != device.ParentAddress)
                yield return $"{device.Address} has another parent";
            if (hostCells.Length > 0 && !KeepsPolicy(request.NumaPolicy, device))
                yield return $"{device.Address} is too far";
        }
    }

    /// <summary>Whether any devices would do for one request of an instance without cells, whatever the order: tries all sets.</summary>
    public bool AnySetWillDo(DeviceRequest request)
    {
        var suitable = node.Devices.Where(device => Matches(request, device) && IsMeant(request, device) && IsFree(device, [])).ToList();
        return Enumerable.Range(0, 1 << suitable.Count).Where(set => BitOperations.PopCount((uint)set) == request.Count).Any(set =>
        {
            var chosen = suitable.Where((_, i) => (set & (1 << i)) != 0).Select(device => Assigned(request, device)).ToList();
            return chosen.TrueForAll(one => !chosen.Exists(other => Blocks(one, other)));
        });
    }

    public DeviceStatus StatusOf(Device device) => _owned.Exists(other => Same(other.Address, device.Address)) ? DeviceStatus.Claimed
        : IsFree(device, []) ? DeviceStatus.Free
        : DeviceStatus.Blocked;

    private List<AssignedDevice>? Round(ValueList<DeviceRequest> requests, bool knowsFamilies)
    {
        var given = new List<AssignedDevice>();
        foreach (var request in requests)
        {
            var devices = node.Devices.Where(device => Matches(request, device)).ToList();
            if (hostCells.Length > 0)
                devices = Near(request, devices, device => Free(device, given, knowsFamilies));
            devices.RemoveAll(device => !IsMeant(request, device));
            if (devices.Count(device => Free(device, given, knowsFamilies)) < request.Count)
                return null;

            var taken = 0;
            foreach (var device in InTurn(request, devices))
            {
                if (taken == request.Count || !Free(device, given, knowsFamilies))
                    continue;
                given.Add(Assigned(request, device));
                taken++;
            }

            if (taken < request.Count)
                return null;
        }

        return given;
    }

    private bool Free(Device device, List<AssignedDevice> given, bool knowsFamilies) => knowsFamilies
        ? IsFree(device, given)
        : IsFree(device, []) && !given.Exists(other => Same(other.Address, device.Address));

    private List<Device> Near(DeviceRequest request, List<Device> devices, Func<Device, bool> isFree)
    {
        var onCells = devices.Where(IsOnCells).ToList();
        if (onCells.Count(isFree) >= request.Count || request.NumaPolicy == DeviceNumaPolicy.Required)
            return onCells;
        if (request.NumaPolicy == DeviceNumaPolicy.Socket)
            return devices.Where(IsOnSockets).ToList();
        var nearOrNowhere = devices.Where(device => device.NumaCell is null || IsOnCells(device)).ToList();
        return nearOrNowhere.Count(isFree) >= request.Count || request.NumaPolicy == DeviceNumaPolicy.Legacy ? nearOrNowhere : devices;
    }

    private IOrderedEnumerable<Device> InTurn(DeviceRequest request, List<Device> devices)
    {
        var isMixed = devices.Exists(IsFunction) && devices.Exists(device => !IsFunction(device));
        return devices
            .OrderBy(device => request.NumaPolicy == DeviceNumaPolicy.Preferred && hostCells.Length > 0 && device.NumaCell is not null && !IsOnCells(device))
            .ThenBy(device => isMixed && IsFunction(device))
            .ThenBy(device => device.Tags.Count)
            .ThenBy(device => node.Devices.TakeWhile(other => !IsOfPool(other, device)).Count())
            .ThenByDescending(device => device.Address, StringComparer.OrdinalIgnoreCase);
    }

    private static bool IsOfPool(Device one, Device other) =>
        (one with { Address = "" }) == (other with { Address = "" }) && (one.ParentAddress is not null || one.Address == other.Address);

    private static bool IsFunction(Device device) => device.Type == DeviceType.PhysicalFunction;

    private bool IsFree(Device device, IEnumerable<AssignedDevice> given)
    {
        var self = new AssignedDevice("", device.Address) { ParentAddress = device.ParentAddress };
        return !_owned.Concat(given).Any(other => Same(other.Address, device.Address) || Blocks(self, other));
    }

    private static bool Blocks(AssignedDevice one, AssignedDevice other) =>
        (one.ParentAddress is not null && Same(one.ParentAddress, other.Address))
        || (other.ParentAddress is not null && Same(other.ParentAddress, one.Address));

    private static AssignedDevice Assigned(DeviceRequest request, Device device) => new(request.Name, device.Address)
    {
        ParentAddress = device.ParentAddress,
        Model = new DeviceModel(device.VendorId, device.ProductId, device.Type),
    };

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static bool Matches(DeviceRequest request, Device device) => request.Alternatives.Any(description =>
        (description.VendorId ?? device.VendorId) == device.VendorId
        && (description.ProductId ?? device.ProductId) == device.ProductId
        && (description.Type ?? device.Type) == device.Type
        && description.Tags.All(tag => device.Tags.Any(other => other.Key == tag.Key && Same(other.Value, tag.Value))));

    private static bool IsMeant(DeviceRequest request, Device device) =>
        (device.Type is not (DeviceType.PhysicalFunction or DeviceType.Vdpa) || request.Alternatives.Any(description => description.Type == device.Type))
        && (!IsRemote(device.Tags) || request.Alternatives.Any(description => IsRemote(description.Tags)));

    private static bool IsRemote(ValueList<KeyValuePair<string, string>> tags) => tags.Contains(KeyValuePair.Create("remote_managed", "true"));

    private bool KeepsPolicy(DeviceNumaPolicy policy, Device device) => policy switch
    {
        DeviceNumaPolicy.Required => IsOnCells(device),
        DeviceNumaPolicy.Socket => IsOnCells(device) || IsOnSockets(device),
        DeviceNumaPolicy.Legacy => IsOnCells(device) || device.NumaCell is null,
        _ => true,
    };

    private bool IsOnCells(Device device) => device.NumaCell is { } cell && hostCells.Contains(cell);

    private bool IsOnSockets(Device device) => device.NumaCell is { } cell
        && node.Numa!.Cells.All(other => other.Socket is not null)
        && hostCells.Any(other => node.Numa.Cells[other].Socket == node.Numa.Cells[cell].Socket);
}
