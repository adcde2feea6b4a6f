using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Tests.Building;

/// <summary>Whether a selection of host cells will do, by the host's numbers of them.</summary>
internal delegate bool CellVeto(ReadOnlySpan<int> hostCellIds);

/// <summary>A test of selections that says nothing of its reasons: each has to be asked about.</summary>
internal sealed class UnexplainedTest(CellVeto accepts) : CellSelectionTest
{
    public override bool Accepts(ReadOnlySpan<int> hostCellIds) => accepts(hostCellIds);
}
