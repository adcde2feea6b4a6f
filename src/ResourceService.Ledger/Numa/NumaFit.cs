using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Numa;

/// <summary>
/// Where the NUMA cells of a request go on a host, with CPUs and pages: the decisions and the choice of Nova's
/// <c>numa_fit_instance_to_host</c>. Pure and deterministic: the same host, usage and request give the same assignment.
/// </summary>
public static class NumaFit
{
    /// <summary>The bound of a search that vetoes turn back, in places tried.</summary>
    public const int StepsMax = CellSearch.StepsMax;

    private const int DimensionsMax = 32;

    /// <summary>
    /// Finds the first selection of host cells on which every requested cell fits. A refusal allocates nothing unless a veto was heard.
    /// </summary>
    /// <param name="host">The cells of the host.</param>
    /// <param name="usage">What is used of them.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="cpuAllocationRatio">The most floating vCPUs for each shared CPU of a cell; null when it is not tested.</param>
    /// <param name="ramAllocationRatio">The most memory promised for each MiB of a cell; null when it is not tested.</param>
    /// <param name="freeDevices">For each host cell, how many devices on it are free; empty when the host has none.</param>
    /// <param name="test">Has a veto on a selection of cells that fits, and learns of a search that ended; null when no devices are asked for.</param>
    /// <param name="cells">What each requested cell gets, in the order of the request.</param>
    public static bool TryAssign(
        NumaTopology host, NumaUsage usage, NumaRequest request, double? cpuAllocationRatio, double? ramAllocationRatio,
        ReadOnlySpan<int> freeDevices, CellSelectionTest? test, out ValueList<CellAssignment> cells)
    {
        cells = [];
        var count = request.Cells.Count;
        if (count > host.Cells.Count)
            return false;

        Span<int> order = stackalloc int[host.Cells.Count];
        CellOrder.Fill(host, usage, request, freeDevices, asksForDevices: test is not null, order);
        var search = new CellSearch(
            host, usage, request, cpuAllocationRatio, ramAllocationRatio, order, stackalloc int[count], stackalloc CellMask[2 * count]);
        Span<int> chosen = stackalloc int[count];
        if (!search.TryFind(test, chosen))
            return false;

        var assignments = new CellAssignment[count];
        for (var i = 0; i < count; i++)
            assignments[i] = search.Pair(i, chosen[i]).Assign();
        cells = new ValueList<CellAssignment>(assignments);
        return true;
    }

    /// <summary>
    /// Adds what refuses, at most 32 dimensions: for each requested cell that fits no host cell, every rule that it breaks on each; when each fits
    /// somewhere but not all together, that, and the rules that are in their way. Adds nothing when the request fits.
    /// </summary>
    public static void Explain(
        NumaTopology host, NumaUsage usage, NumaRequest request, double? cpuAllocationRatio, double? ramAllocationRatio,
        ICollection<RefusedDimension> refused)
    {
        var (count, hostCount) = (request.Cells.Count, host.Cells.Count);
        if (count > hostCount)
        {
            refused.Add(new RefusedDimension(RefusalReason.NumaCellsTooFew, "", count, hostCount, hostCount));
            return;
        }

        Span<int> order = stackalloc int[hostCount];
        for (var i = 0; i < hostCount; i++)
            order[i] = i;
        var search = new CellSearch(
            host, usage, request, cpuAllocationRatio, ramAllocationRatio, order, stackalloc int[count], stackalloc CellMask[2 * count]);
        var placeable = search.CountPlaceable();
        if (placeable == count)
            return;

        var lengthMax = refused.Count + DimensionsMax;
        var allFitSomewhere = true;
        for (var i = 0; i < count; i++)
            allFitSomewhere &= search.FitsSomewhere(i);
        if (allFitSomewhere)
            refused.Add(new RefusedDimension(RefusalReason.NumaCellsNotCombinable, "", count, placeable, hostCount));
        for (var i = 0; i < count; i++)
        {
            if (!allFitSomewhere && search.FitsSomewhere(i))
                continue;
            for (var hostCell = 0; hostCell < hostCount; hostCell++)
                search.Pair(i, hostCell).Explain(refused, lengthMax);
        }
    }
}
