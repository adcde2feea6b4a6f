using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Contracts;

/// <summary>What a store remembers of requests: each with the answer that a retry gets.</summary>
public abstract class RememberedRequestContract(IStoreUnderTest underTest) : StoreContract(underTest)
{
    [Fact]
    public void Requests_are_remembered_in_order_each_once_by_their_first_event()
    {
        var node = NewNode(1);
        var batch = new List<TestEntry> { new(node) { AskedBy = AskedBy("agent", 1) } };
        node.Claim("instance-1", Sample.Amounts(1, 1));
        node.Claim("instance-2", Sample.Amounts(1, 1));
        batch.Add(new TestEntry(node) { AskedBy = AskedBy("scheduler", 2) });
        node.Claim("instance-3", Sample.Amounts(1, 1));
        batch.Add(new TestEntry(node) { AskedBy = new RequestOrigin("nobody", null, 0, null) });
        node.Claim("instance-4", Sample.Amounts(1, 1));
        batch.Add(new TestEntry(node) { AskedBy = AskedBy("scheduler", 5) });
        Commit(batch);

        RememberedRequest[] expected = [Remembered(1, 1), Remembered(2, 2), Remembered(5, 5)];
        Assert.Equal(expected, LoadAll().Requests);
        Assert.Equal(expected[1..], Store.Load(remembered: 2).Requests);
        Assert.Empty(Store.Load(remembered: 0).Requests);
        AssertRequestsAfter(1, expected[1..]);
        AssertRequestsAfter(5, []);

        void AssertRequestsAfter(long revision, RememberedRequest[] later)
        {
            var (requests, lastRevision, _) = Store.LoadRequestsAfter(revision, 0);
            Assert.Equal(later, requests);
            Assert.Equal(5, lastRevision);
        }

        static RememberedRequest Remembered(int request, long revision) =>
            new(AskedBy("", request).RequestId!.Value, request, revision, Sample.Now.UnixMs);
    }

    [Fact]
    public void A_request_that_changed_nothing_is_remembered_by_a_number_of_its_own()
    {
        Commit(new TestEntry { AskedBy = AskedBy("agent", 7) }, new TestEntry { AskedBy = new RequestOrigin("nobody", null, 0, null) });

        var remembered = Assert.Single(LoadAll().Requests);
        Assert.Equal(AskedBy("agent", 7).RequestId, remembered.RequestId);
        Assert.Equal(-1, remembered.Answer);
        Assert.Equal(AskedBy("agent", 7).Reply, Reader.FindReply(-1));
        Assert.Equal(0, LoadAll().LastRevision);
        Assert.Equal(1, LoadAll().LastUnchangedRequest);
        Assert.Equal(remembered, Assert.Single(Store.LoadRequestsAfter(0, 0).Requests));
        Assert.Empty(Store.LoadRequestsAfter(0, 1).Requests);
    }

    [Fact]
    public void Requests_inside_another_are_remembered_with_it_each_with_its_answer()
    {
        var node = NewNode(1);
        var batch = Commit(new TestEntry(node) { AskedBy = AskedBy("agent", 7), AskedInside = [AskedBy("agent", 8), AskedBy("agent", 9)] });
        Restart();

        Assert.Equal([AskedBy("", 8).RequestId, AskedBy("", 9).RequestId], batch.InnerRequests.Select(inner => inner.Origin.RequestId));
        Assert.Equal(
            [AskedBy("", 7).RequestId, AskedBy("", 8).RequestId, AskedBy("", 9).RequestId],
            LoadAll().Requests.Select(request => (Guid?)request.RequestId).Order());
        Assert.All(batch.InnerRequests, inner => Assert.Equal(inner.Origin.Reply, Reader.FindReply(inner.Answer)));
        Assert.All(batch.InnerRequests, inner => Assert.Contains(LoadAll().Requests, request => request.Answer == inner.Answer));
    }

    [Fact]
    public void A_request_remembered_again_is_known_by_what_came_last_and_an_empty_answer_is_one()
    {
        var begun = AskedBy("agent", 7) with { Reply = [] };
        Commit(new TestEntry { AskedBy = begun }, new TestEntry { AskedBy = AskedBy("agent", 7) });
        Restart();

        Assert.Equal([-1L, -2L], LoadAll().Requests.Select(request => request.Answer));
        Assert.Empty(Assert.IsType<byte[]>(Reader.FindReply(-1)));
        Assert.Equal(AskedBy("agent", 7).Reply, Reader.FindReply(-2));
    }
}
