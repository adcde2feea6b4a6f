using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Claims;

/// <summary>
/// What a claim holds, as a request for the same on another node: what it was made with, without what audits found detached, and with what they found on
/// the host and gave it.
/// </summary>
internal static class HeldRequest
{
    /// <summary>The request; null when the node does not describe a device that an audit gave.</summary>
    /// <param name="node">The claim's node.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="unknownDevice">The address of that device.</param>
    public static ResourceRequest? Of(NodeView node, Claim claim, out string unknownDevice)
    {
        unknownDevice = "";
        var (request, held) = (claim.Request, claim.Assignment);
        if (!IsAnsweredBy(request.Numa, held.Cells))
            request = request with { Numa = NumaOf(held.Cells, request.Numa) };

        if (request.Devices.Any(asked => CountOf(held, asked) < asked.Count))
        {
            request = request with
            {
                Devices = ValueList.From(request.Devices
                    .Select(asked => asked with { Count = Math.Min(asked.Count, CountOf(held, asked)) })
                    .Where(asked => asked.Count > 0)),
            };
        }

        var found = new List<DeviceDescription>();
        foreach (var given in held.Devices.Where(device => device.RequestName.Length == 0))
        {
            var places = node.DeviceUsage.Pools.At(given.Address);
            if (places.IsEmpty)
            {
                unknownDevice = given.Address;
                return null;
            }

            var device = node.Spec.Devices[places[0]];
            found.Add(new DeviceDescription(device.VendorId, device.ProductId, device.Type, device.Tags));
        }

        return found.Count == 0 ? request : request with { Devices = ValueList.From(request.Devices.Concat(Ask(found, request.Devices))) };
    }

    private static int CountOf(Assignment held, DeviceRequest asked) =>
        held.Devices.Count(device => string.Equals(device.RequestName, asked.Name, StringComparison.Ordinal));

    private static bool IsAnsweredBy(NumaRequest? request, ValueList<CellAssignment> cells)
    {
        if (request is null)
            return cells.Count == 0;
        if (request.Cells.Count != cells.Count || (request.EmulatorThreads == EmulatorThreadsPolicy.Isolate) != cells.Any(IsolatesEmulator))
            return false;
        for (var i = 0; i < cells.Count; i++)
        {
            var (asked, given) = (request.Cells[i], cells[i]);
            if (!asked.SharedVcpus.Equals(given.SharedVcpus)
                || !asked.DedicatedVcpus.Equals(PinnedVcpus(given))
                || asked.MemoryMb != given.MemoryMb
                || (asked.PageSizePolicy == PageSizePolicy.Explicit && asked.PageSizeKb != given.PageSizeKb))
                return false;
        }

        return true;
    }

    // What is held decides; policies that cannot be told from it stay as they were asked for.
    private static NumaRequest? NumaOf(ValueList<CellAssignment> cells, NumaRequest? asked)
    {
        if (cells.Count == 0)
            return null;
        var (floats, pins) = (cells.Any(cell => cell.SharedVcpus.Count > 0), cells.Any(cell => cell.Pinning.Count > 0));
        return new NumaRequest(
            ValueList.From(cells.Select(cell => new NumaCellRequest(
                cell.SharedVcpus,
                PinnedVcpus(cell),
                cell.MemoryMb,
                cell.PageSizeKb > 0 ? PageSizePolicy.Explicit : PageSizePolicy.None,
                cell.PageSizeKb))),
            !pins ? CpuPolicy.Shared : floats ? CpuPolicy.Mixed : CpuPolicy.Dedicated,
            asked?.ThreadPolicy ?? (cells.Any(cell => cell.IdleCpus.Count > 0) ? CpuThreadPolicy.Isolate : CpuThreadPolicy.Prefer),
            cells.Any(IsolatesEmulator) ? EmulatorThreadsPolicy.Isolate
                : asked?.EmulatorThreads == EmulatorThreadsPolicy.Share ? EmulatorThreadsPolicy.Share
                : EmulatorThreadsPolicy.WithVcpus,
            asked?.PackCells ?? false);
    }

    // Nobody asked for them to be near; names that callers give have no space.
    private static IEnumerable<DeviceRequest> Ask(IEnumerable<DeviceDescription> found, ValueList<DeviceRequest> asked) => found
        .GroupBy(description => description)
        .Zip(FreeNames(asked), (alike, name) => new DeviceRequest(name, alike.Count(), [alike.Key], DeviceNumaPolicy.Preferred));

    private static IEnumerable<string> FreeNames(ValueList<DeviceRequest> asked) => Enumerable.Range(asked.Count + 1, int.MaxValue - asked.Count)
        .Select(number => $"found by audit {number}")
        .Where(name => !asked.Any(request => string.Equals(request.Name, name, StringComparison.Ordinal)));

    private static bool IsolatesEmulator(CellAssignment cell) => cell.EmulatorCpus.Count > 0;

    private static CpuSet PinnedVcpus(CellAssignment cell) => CpuSet.From(cell.Pinning.Select(pin => pin.GuestCpu));
}
