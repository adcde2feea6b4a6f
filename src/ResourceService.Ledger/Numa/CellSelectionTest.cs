namespace ResourceService.Ledger.Numa;

/// <summary>
/// What else is asked of the host cells of a selection, its devices: asked inside the search, so that a selection that is vetoed makes room for the
/// next one. One is made for each search.
/// </summary>
public abstract class CellSelectionTest
{
    /// <summary>The bound, in steps, at which the search ended before it was complete; null when it was complete.</summary>
    public int? LimitHit { get; protected internal set; }

    /// <summary>To ask about a selection costs as much as to try so many places.</summary>
    public virtual int StepsOfVeto => 8;

    /// <summary>Conditions that every selection must meet; more may be known after one was vetoed.</summary>
    public virtual IReadOnlyList<CellBound> Bounds => [];

    /// <summary>Whether cells that fit the request will do.</summary>
    /// <param name="hostCellIds">
    /// The host's numbers of the cells, in the order of the request. The answer must follow from the set of them alone: a set is asked about once,
    /// whichever request cell stands on which host cell.
    /// </param>
    public abstract bool Accepts(ReadOnlySpan<int> hostCellIds);

    /// <summary>
    /// Numbers the cells of the host, each by its place in the topology, so that cells with the same number can stand for each other in any selection.
    /// </summary>
    public virtual void Classify(Span<int> numbers)
    {
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = i;
    }
}

/// <summary>A condition on a selection of host cells: together they must give so much of something.</summary>
/// <param name="OfCell">What each cell of the host gives, by its place in the topology; not negative.</param>
/// <param name="Needed">What is needed of them together.</param>
public sealed record CellBound(long[] OfCell, long Needed);
