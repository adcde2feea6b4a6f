namespace ResourceService.Ledger.Numa;

/// <summary>
/// Whether host cells that fit the request will also do for something else, its devices: asked inside the search, so that a selection that is
/// vetoed makes room for the next one.
/// </summary>
/// <param name="hostCellIds">
/// The host's numbers of the cells, in the order of the request. The answer must follow from the set of them alone: a set is asked about once,
/// whichever request cell stands on which host cell.
/// </param>
public delegate bool CellSelectionTest(ReadOnlySpan<int> hostCellIds);
