namespace ResourceService.Ledger.Claims;

/// <summary>What differs between the amounts of a request and its NUMA cells.</summary>
public enum RequestWarningKind
{
    /// <summary>PCPU is not the number of CPUs that are pinned.</summary>
    PinnedCpusDiffer,

    /// <summary>VCPU is not the number of vCPUs that float.</summary>
    FloatingCpusDiffer,

    /// <summary>MEMORY_MB is neither the memory of all cells nor that of those without huge pages.</summary>
    MemoryDiffers,

    /// <summary>MEMORY_MB counts memory that is taken from pools of huge pages as well.</summary>
    HugePagesCountedTwice,
}

/// <summary>Something in a request that is allowed but seldom meant.</summary>
/// <param name="Kind">What differs.</param>
/// <param name="Class">The resource class concerned.</param>
/// <param name="Requested">Its amount in the request.</param>
/// <param name="OfCells">What the cells take.</param>
public readonly record struct RequestWarning(RequestWarningKind Kind, ResourceClass Class, long Requested, long OfCells)
{
    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        RequestWarningKind.PinnedCpusDiffer =>
            $"{Class}: {Requested} requested, but the NUMA cells pin {OfCells} CPUs; each is accounted for by itself, and neither is corrected by the other",
        RequestWarningKind.FloatingCpusDiffer =>
            $"{Class}: {Requested} requested, but {OfCells} vCPUs of the NUMA cells float; each is accounted for by itself, and neither is corrected by the other",
        RequestWarningKind.MemoryDiffers =>
            $"{Class}: {Requested} requested, but the NUMA cells have {OfCells} MiB; each is accounted for by itself, and neither is corrected by the other",
        _ => $"{Class}: {Requested} requested, of which {OfCells} MiB are taken from huge pages as well; "
            + $"leave them out of {Class} where the node's reserved amount covers its huge pages",
    };
}

/// <summary>
/// Amounts and NUMA cells are two accounts, as in Nova: VCPU, PCPU and MEMORY_MB by the node's inventories, CPUs, memory and pages by its cells. A request
/// whose two halves say different things takes more of one than of the other, and is warned of; it is not corrected, for a caller may have its reasons.
/// </summary>
public static class RequestWarnings
{
    // The largest page that some processors have as their only plain one.
    private const long PlainPageKbMax = 64;

    /// <summary>What differs, at most one warning of a kind; by the request alone.</summary>
    public static ValueList<RequestWarning> Of(ResourceRequest request)
    {
        if (request.Numa is not { } numa)
            return [];
        var (pinned, floating) = (numa.EmulatorThreads == Numa.EmulatorThreadsPolicy.Isolate ? 1L : 0, 0L);
        var (memory, huge) = (0L, 0L);
        foreach (var cell in numa.Cells.Span)
        {
            pinned += cell.DedicatedVcpus.Count;
            floating += cell.SharedVcpus.Count;
            memory += cell.MemoryMb;
            huge += IsHuge(cell) ? cell.MemoryMb : 0;
        }

        var warnings = new List<RequestWarning>();
        Compare(RequestWarningKind.PinnedCpusDiffer, ResourceClass.Pcpu, pinned);
        Compare(RequestWarningKind.FloatingCpusDiffer, ResourceClass.Vcpu, floating);
        var asked = request.Amounts.Of(ResourceClass.MemoryMb);
        if (asked == memory && huge > 0)
            warnings.Add(new RequestWarning(RequestWarningKind.HugePagesCountedTwice, ResourceClass.MemoryMb, asked, huge));
        else if (asked != memory - huge)
            warnings.Add(new RequestWarning(RequestWarningKind.MemoryDiffers, ResourceClass.MemoryMb, asked, memory));
        return ValueList.From(warnings);

        void Compare(RequestWarningKind kind, ResourceClass resourceClass, long ofCells)
        {
            var amount = request.Amounts.Of(resourceClass);
            if (amount != ofCells)
                warnings.Add(new RequestWarning(kind, resourceClass, amount, ofCells));
        }
    }

    private static bool IsHuge(Numa.NumaCellRequest cell) =>
        cell.PageSizePolicy == Numa.PageSizePolicy.Large || cell.PageSizeKb > PlainPageKbMax;
}
