//! Which columns of a set-returning function's rows the running statement looks at.
//!
//! PostgreSQL tells a function in FROM nothing about it. The plan that is being executed says it: the function scan's target list and
//! conditions, or those of the node above when the planner had the scan hand on its rows as they are (`use_physical_tlist`).
//! Wherever the plan is of another form, all columns are used.

use std::ptr::null_mut;

use pgrx::{is_a, pg_sys};
use reviewpro_core::table::UsedColumns;

use super::call::Call;

/// The columns of its result set that the statement which runs the function looks at.
pub(super) fn used_columns(call: &Call) -> UsedColumns {
    // SAFETY: `fcinfo` of the running set-returning function, whose `resultinfo` has been checked. What it points to is the state of
    // the statement, which outlives the call; nothing of it is changed.
    unsafe {
        let fcinfo = &*call.fcinfo();
        let context = (*fcinfo.resultinfo.cast::<pg_sys::ReturnSetInfo>()).econtext;
        let expression = (*fcinfo.flinfo).fn_expr;
        if context.is_null() || (*context).ecxt_estate.is_null() || expression.is_null() {
            return UsedColumns::ALL;
        }
        let statement = (*(*context).ecxt_estate).es_plannedstmt;
        if statement.is_null() {
            return UsedColumns::ALL;
        }
        let plans = std::iter::once((*statement).planTree).chain(elements((*statement).subplans));
        plans
            .filter_map(|plan| {
                Node {
                    plan,
                    parent: null_mut(),
                }
                .find(expression)
            })
            .next()
            .and_then(|scan| scan.used())
            .unwrap_or(UsedColumns::ALL)
    }
}

/// A node of the plan, and the one above it.
#[derive(Clone, Copy)]
struct Node {
    plan: *mut pg_sys::Plan,
    parent: *mut pg_sys::Plan,
}

impl Node {
    /// The scan of the function that is called by this expression, here or below.
    ///
    /// # Safety
    /// For nodes of a plan that is being executed.
    unsafe fn find(self, expression: *mut pg_sys::Node) -> Option<Node> {
        let plan = self.plan;
        if plan.is_null() {
            return None;
        }
        // SAFETY: the first word of a node says which it is.
        unsafe {
            if is_a(plan.cast(), pg_sys::NodeTag::T_FunctionScan) {
                let functions = (*plan.cast::<pg_sys::FunctionScan>()).functions;
                let is_it = elements::<pg_sys::RangeTblFunction>(functions)
                    .any(|function| (*function).funcexpr == expression);
                return is_it.then_some(self);
            }
            let below = if is_a(plan.cast(), pg_sys::NodeTag::T_Append) {
                (*plan.cast::<pg_sys::Append>()).appendplans
            } else if is_a(plan.cast(), pg_sys::NodeTag::T_MergeAppend) {
                (*plan.cast::<pg_sys::MergeAppend>()).mergeplans
            } else {
                null_mut()
            };
            let subquery = if is_a(plan.cast(), pg_sys::NodeTag::T_SubqueryScan) {
                (*plan.cast::<pg_sys::SubqueryScan>()).subplan
            } else {
                null_mut()
            };
            [(*plan).lefttree, (*plan).righttree, subquery]
                .into_iter()
                .chain(elements(below))
                .find_map(|child| {
                    Node {
                        plan: child,
                        parent: plan,
                    }
                    .find(expression)
                })
        }
    }

    /// The columns that are used of this function scan, if that can be told.
    ///
    /// # Safety
    /// For nodes of a plan that is being executed.
    unsafe fn used(self) -> Option<UsedColumns> {
        // SAFETY: a function scan. Its range table index is positive.
        unsafe {
            let scan = &*self.plan.cast::<pg_sys::FunctionScan>();
            let relation = scan.scan.scanrelid;
            // The columns of several functions follow one another.
            if elements::<pg_sys::RangeTblFunction>(scan.functions).count() != 1 {
                return None;
            }
            let above = self.used_above();
            let mut used = Variables::of(scan.scan.plan.qual.cast(), relation).columns(UsedColumns::NONE)?;
            for (position, entry) in elements::<pg_sys::TargetEntry>(scan.scan.plan.targetlist).enumerate() {
                let expression = (*entry).expr.cast::<pg_sys::Node>();
                let is_used = above.as_ref().is_none_or(|above| above.contains(&position));
                // What is computed gets its values, whoever looks at the result.
                if is_used || !is_a(expression, pg_sys::NodeTag::T_Var) {
                    used = Variables::of(expression, relation).columns(used)?;
                }
            }
            Some(used)
        }
    }

    /// The positions in the node's target list that the node above looks at, if that can be told. They are all others than the
    /// planner wanted when the node above is one that takes what it needs out of any row.
    ///
    /// # Safety
    /// For nodes of a plan that is being executed.
    unsafe fn used_above(self) -> Option<Vec<usize>> {
        // SAFETY: the first word of a node says which it is; the arrays of an Agg have the lengths that it states.
        unsafe {
            let parent = self.parent.as_ref()?;
            let mut used = Vec::new();
            let mut lists = vec![parent.targetlist, parent.qual];
            let mut singles = Vec::new();
            if is_a(self.parent.cast(), pg_sys::NodeTag::T_NestLoop) {
                let join = &*self.parent.cast::<pg_sys::NestLoop>();
                lists.push(join.join.joinqual);
                singles.extend(
                    elements::<pg_sys::NestLoopParam>(join.nestParams).map(|parameter| (*parameter).paramval),
                );
            } else if is_a(self.parent.cast(), pg_sys::NodeTag::T_HashJoin) {
                let join = &*self.parent.cast::<pg_sys::HashJoin>();
                lists.extend([join.join.joinqual, join.hashclauses, join.hashkeys]);
            } else if is_a(self.parent.cast(), pg_sys::NodeTag::T_Agg) {
                let aggregate = &*self.parent.cast::<pg_sys::Agg>();
                if !aggregate.groupingSets.is_null() || !aggregate.chain.is_null() {
                    return None;
                }
                for at in 0..usize::try_from(aggregate.numCols).ok()? {
                    used.push(
                        usize::try_from(*aggregate.grpColIdx.add(at))
                            .ok()?
                            .checked_sub(1)?,
                    );
                }
            } else {
                return None;
            }
            let side = if parent.righttree == self.plan {
                pg_sys::INNER_VAR
            } else {
                pg_sys::OUTER_VAR
            };
            let lists = lists.into_iter().map(|list| list.cast::<pg_sys::Node>());
            for expression in lists.chain(singles.into_iter().map(|single| single.cast())) {
                for number in Variables::of(expression, side.cast_unsigned()).numbers() {
                    used.push(usize::try_from(number).ok()?.checked_sub(1)?);
                }
            }
            Some(used)
        }
    }
}

/// The attribute numbers of one relation that an expression mentions.
struct Variables(*mut pg_sys::Bitmapset);

impl Variables {
    /// # Safety
    /// For an expression, or a list of them, of a plan that is being executed.
    unsafe fn of(expression: *mut pg_sys::Node, relation: pg_sys::Index) -> Self {
        let mut found = null_mut();
        // SAFETY: PostgreSQL walks over any expression, and over none.
        unsafe { pg_sys::pull_varattnos(expression, relation, &raw mut found) };
        Variables(found)
    }

    /// From 1; 0 is the whole row, less are system columns.
    fn numbers(&self) -> impl Iterator<Item = i32> + '_ {
        let mut last = -1;
        std::iter::from_fn(move || {
            // SAFETY: a set, or null for the empty one.
            last = unsafe { pg_sys::bms_next_member(self.0, last) };
            (last >= 0).then_some(last + pg_sys::FirstLowInvalidHeapAttributeNumber)
        })
    }

    /// These as positions from 0, and those so far; None when the whole row is used.
    fn columns(&self, so_far: UsedColumns) -> Option<UsedColumns> {
        self.numbers().try_fold(so_far, |used, number| {
            Some(used.and(usize::try_from(number).ok()?.checked_sub(1)?))
        })
    }
}

impl Drop for Variables {
    fn drop(&mut self) {
        // SAFETY: made by `pull_varattnos` for us, or null.
        unsafe { pg_sys::bms_free(self.0) }
    }
}

/// The elements of a list of pointers; a null list is the empty one.
///
/// # Safety
/// For a list of pointers to `T` that lives as long as the iterator.
unsafe fn elements<T>(list: *mut pg_sys::List) -> impl Iterator<Item = *mut T> {
    // SAFETY: as for this function.
    let length = unsafe { list.as_ref() }.map_or(0, |list| list.length);
    (0..usize::try_from(length).unwrap_or(0)).map(move |at| {
        // SAFETY: within the list.
        unsafe { (*(*list).elements.add(at)).ptr_value.cast() }
    })
}
