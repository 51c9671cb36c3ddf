import { after, before } from 'node:test';
import type { EtcdStore } from '../../../src/store/etcd/store.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { conformance } from '../conformance.ts';
import { conformance as historyConformance } from '../history.conformance.ts';
import { Numbered, recorder, Site } from './site.ts';

// About 5 s.
if (!missingEtcd()) {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  conformance({
    name: 'etcd',
    place: (t) => {
      const prefix = site.prefix();
      return Promise.resolve(() => site.store(t, { prefix }));
    },
  });

  historyConformance({
    name: 'etcd',
    place: (t) => {
      const prefix = site.prefix();
      const store = site.store(t, { prefix });
      const history = new Numbered(store.history);
      // The suite writes what contradicts itself, which etcd would refuse: as the records of another node it may.
      const commit = recorder(site.client(t), prefix, () => store.barrier());
      const open: EtcdStore['open'] = (deliver) => store.open(deliver);
      return Promise.resolve(Object.assign(Object.create(store) as EtcdStore, { history, commit, open }));
    },
  });
}
