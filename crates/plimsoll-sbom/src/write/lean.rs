//! Relations that others imply. SPDX 2.3 spends a hundred bytes on each, so that the attested form names as few as lead
//! to everything.

use std::collections::HashSet;

use super::view::View;

/// Numbers by which most edges lead to a smaller one: the order in which a walk leaves the packages.
fn ranks(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut rank = vec![usize::MAX; edges.len()];
    let mut is_met = vec![false; edges.len()];
    let mut next = 0;
    for start in 0..edges.len() {
        if std::mem::replace(&mut is_met[start], true) {
            continue;
        }
        let mut path = vec![(start, 0)];
        while let Some((at, done)) = path.last_mut() {
            if let Some(to) = edges[*at].get(*done).copied() {
                *done += 1;
                if !std::mem::replace(&mut is_met[to], true) {
                    path.push((to, 0));
                }
            } else {
                rank[*at] = next;
                next += 1;
                path.pop();
            }
        }
    }
    rank
}

/// For each package those of its edges that two others amount to: from it to a third, and from there. Both of those lead
/// a shorter way down the ranks, so that all of them may be left out together and the rest still leads everywhere.
pub(super) fn implied(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let rank = ranks(edges);
    let all: Vec<HashSet<usize>> = edges.iter().map(|list| list.iter().copied().collect()).collect();
    let of = |(from, list): (usize, &Vec<usize>)| {
        let is_implied = |to: &usize| {
            let between = |third: &usize| rank[from] > rank[*third] && rank[*third] > rank[*to];
            list.iter().any(|third| between(third) && all[*third].contains(to))
        };
        list.iter().copied().filter(is_implied).collect()
    };
    edges.iter().enumerate().map(of).collect()
}

/// Those of the outermost packages that no other leads to by an edge, ownership or nesting, and one of each ring.
pub(super) fn heads(view: &View<'_>) -> Vec<usize> {
    let count = view.depends.len();
    let mut next: Vec<Vec<usize>> = (0..count).map(|i| [&*view.depends[i], &*view.children[i]].concat()).collect();
    for (owned, owners) in view.owners.iter().enumerate() {
        owners.iter().for_each(|owner| next[*owner].push(owned));
    }
    let mut is_led_to = vec![false; count];
    next.iter().flatten().for_each(|to| is_led_to[*to] = true);
    let mut is_reached = vec![false; count];
    let mut heads = Vec::new();
    for first_pass in [true, false] {
        for root in view.roots.iter().copied() {
            if is_reached[root] || (first_pass && is_led_to[root]) {
                continue;
            }
            heads.push(root);
            let mut open = vec![root];
            while let Some(at) = open.pop() {
                if !std::mem::replace(&mut is_reached[at], true) {
                    open.extend(&next[at]);
                }
            }
        }
    }
    heads.sort_unstable();
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_leads_everywhere() {
        // A ring of 0, 1 and 2, with short cuts, and a diamond below it.
        let edges = vec![vec![1, 2, 3, 5], vec![2, 3], vec![0, 3, 4, 5], vec![4, 5], vec![5], vec![]];
        let left_out = implied(&edges);
        let left: Vec<Vec<usize>> = { edges.iter().zip(&left_out) }
            .map(|(all, out)| all.iter().copied().filter(|to| !out.contains(to)).collect())
            .collect();
        let reach = |edges: &[Vec<usize>], from: usize| {
            let (mut met, mut open) = (HashSet::new(), vec![from]);
            while let Some(at) = open.pop() {
                open.extend(edges[at].iter().copied().filter(|to| met.insert(*to)));
            }
            met
        };
        assert!(left_out.iter().map(Vec::len).sum::<usize>() >= 5, "{left_out:?}");
        for from in 0..edges.len() {
            assert_eq!(reach(&edges, from), reach(&left, from));
        }
    }
}
