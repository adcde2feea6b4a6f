using System.Runtime.ExceptionServices;

namespace ResourceService.Storage.Sqlite;

/// <summary>Work of a start, which takes seconds on a large store, on all cores. What goes wrong is thrown as if the work had been done in turn.</summary>
internal static class SideBySide
{
    /// <summary>Does all of it and returns when it is done.</summary>
    public static void Run(params Action[] work) => For(work.Length, i => work[i]());

    /// <summary>Does something for each number from 0 on.</summary>
    public static void For(int count, Action<int> work)
    {
        try
        {
            Parallel.For(0, count, work);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
